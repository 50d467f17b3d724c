using System.Globalization;
using System.Text;
using Tieout.Server.Configuration;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reference;

/// <summary>The page of the governor's limits is written from the code and compared. <c>TIEOUT_REGENERATE=1</c> writes it anew.</summary>
public sealed class GovernorPageTests
{
    [Fact]
    public void Governor_page_is_what_the_configuration_reads()
    {
        var page = new StringBuilder("""
            # The governor

            Written from the code; a test compares it. Regenerate with `TIEOUT_REGENERATE=1 ./test`.

            `governor:` in `tieout.yaml` limits what one caller, one org and all of them may occupy on a server. Every limit is on by default. The limits are
            asked before the first byte of a body is read. A caller is a key or a token.

            * A caller or an org above its share gets `429 occupancy_exceeded`; all callers together above the whole get `503 server_busy`. Both carry `Retry-After`.
            * A connection above the limit takes the place of the oldest connection without a request. If all are in use, the server closes the new one.
            * Limits of the ledger (`label_sets_per_org` and below) must be the same on every server of a store.
            * `/metrics` has what is occupied, the limits and the refusals: `tieout_governor_...`.

            | member | limits | range | default |
            |---|---|---|---|

            """);
        foreach (var member in GovernorYaml.Members)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"| `{member.Name}` | {member.What} | {member.Range} | {(member.Default.Length == 0 ? "" : $"`{member.Default}`")} |\n");
        }

        var path = Path.Combine(Repo.Root, "docs", "reference", "governor.md");
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") File.WriteAllText(path, page.ToString());
        Assert.Equal(page.ToString(), File.Exists(path) ? File.ReadAllText(path) : "");
    }

    [Fact]
    public void Every_limit_is_read_and_nothing_else()
    {
        var text = string.Concat(GovernorYaml.Members.Select(
            (member, index) => member.Default.EndsWith('s') ? $"  {member.Name}: {index + 1}s\n" : $"  {member.Name}: {index + 1}\n"));

        var read = TieoutYaml.Read($"governor:\n{text}", "tieout.yaml", _ => null).Governor;

        Assert.Equal((1, 2, 5), (read.Connections, read.ConnectionsPerAddress, read.BodyBytesPerSecond));
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4)), (read.HeaderTimeout, read.IdleTimeout));
        Assert.Equal((new Shares(6, 7, 8), new Shares(9, 10, 11), new Shares(12, 13, 14), new Shares(15, 16, 17)),
            (read.Requests, read.BodyBytes, read.UploadBytes, read.Reads));
        Assert.Equal((TimeSpan.FromSeconds(18), 19), (read.ReadTime, read.ObjectsPerOrg));
        Assert.Equal((20, 21, 22, 23, 24, 25, 26),
            (read.Ledger.LabelSetsPerOrg, read.Ledger.LabelSets, read.Ledger.LabelSetsReserved, read.Ledger.OpenHoldsPerOrg, read.Ledger.LineageSteps,
                read.Ledger.SettingsPerKind, read.Ledger.EndUsersPerBudget));
        Assert.Contains("'governor.nonsense' is unknown",
            Assert.Throws<ConfigurationException>(() => TieoutYaml.Read("governor: { nonsense: 1 }", "tieout.yaml", _ => null)).Message,
            StringComparison.Ordinal);
        Assert.Contains("'governor.requests' must be a whole number",
            Assert.Throws<ConfigurationException>(() => TieoutYaml.Read("governor: { requests: 0 }", "tieout.yaml", _ => null)).Message,
            StringComparison.Ordinal);
    }
}
