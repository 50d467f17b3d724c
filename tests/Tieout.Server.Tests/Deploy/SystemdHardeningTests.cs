using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Tieout.Server.Tests.Deploy;

/// <summary>The unit gives the server no more of the machine than it needs: what <c>systemd-analyze security</c> says of it.</summary>
public sealed partial class SystemdHardeningTests
{
    /// <summary>Of 10. An unhardened service has 9.6; the runtime's own compiler keeps us from less than about 1.</summary>
    private const decimal ExposureMax = 2.0m;

    [Fact]
    public async Task The_unit_exposes_little()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-unit-");
        try
        {
            var unit = Path.Combine(folder.FullName, "tieout.service");
            await File.WriteAllTextAsync(unit, DeployFile.Text("tieout.service"), TestContext.Current.CancellationToken);
            using var analyze = Process.Start(new ProcessStartInfo(
                "systemd-analyze", ["security", "--offline=true", "--no-pager", unit])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var answer = await analyze.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await analyze.WaitForExitAsync(TestContext.Current.CancellationToken);
            var exposure = Exposure().Match(answer);
            Assert.True(exposure.Success, answer);
            Assert.True(decimal.Parse(exposure.Groups[1].Value, CultureInfo.InvariantCulture) <= ExposureMax, answer);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("systemd is not installed here.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"Overall exposure level for tieout\.service: ([0-9.]+)")]
    private static partial Regex Exposure();
}
