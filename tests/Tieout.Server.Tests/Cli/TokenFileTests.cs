using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Cli;

/// <summary><c>--token-file</c>: the token comes from the first line of a file, so it is in no list of processes.</summary>
public sealed class TokenFileTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_takes_its_token_from_the_first_line_of_a_file()
    {
        await using var world = await ApiWorld.StartAsync();
        var file = Path.Combine(world.Folder.FullName, "token-of-ana");
        foreach (var text in (string[])[ApiWorld.Admin, $"{ApiWorld.Admin}\n", $"  {ApiWorld.Admin}\r\nthe token before it\n"])
        {
            await File.WriteAllTextAsync(file, text, Stop);
            Assert.Equal(0, (await RunAsync(world, ["org", "list", "--token-file", file], variable: null)).ExitCode);
            Assert.Equal(0, (await RunAsync(world, ["org", "list"], variable: file)).ExitCode);
        }

        // A token on the command line outranks the file; the file outranks the variable with a token.
        Assert.NotEqual(0, (await RunAsync(world, ["org", "list", "--token-file", file, "--token", "wrong"], variable: null)).ExitCode);
        await File.WriteAllTextAsync(file, "a-wrong-token\n", Stop);
        Assert.NotEqual(0, (await RunAsync(world, ["org", "list", "--token-file", file], variable: null, token: ApiWorld.Admin)).ExitCode);
    }

    // As ssh says of a key: a token that everybody on the machine can read is nobody's secret.
    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, false)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, true)]
    public async Task A_token_file_that_other_users_can_read_is_told(UnixFileMode mode, bool isTold)
    {
        await using var world = await ApiWorld.StartAsync();
        var file = Path.Combine(world.Folder.FullName, "token-of-ana");
        await File.WriteAllTextAsync(file, ApiWorld.Admin, Stop);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, mode);

        var run = await RunAsync(world, ["org", "list", "--token-file", file], variable: null);

        Assert.Equal((0, isTold),
            (run.ExitCode, run.Error.Contains($"other users of this machine can read the token in {file}. Run 'chmod 600", StringComparison.Ordinal)));
        Assert.DoesNotContain(ApiWorld.Admin, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("", "holds no token: its first line must be the token")]
    [InlineData("\nsecond-line\n", "holds no token: its first line must be the token")]
    public async Task A_token_file_without_a_token_is_named_before_anything_is_sent(string? text, string why)
    {
        var file = Path.Combine(Path.GetTempPath(), $"tieout-token-{Guid.NewGuid():n}");
        if (text is not null) await File.WriteAllTextAsync(file, text, Stop);
        var run = await CliRun.StartAsync(["org", "list", "--server", "http://127.0.0.1:9", "--token-file", file], _ => null);
        File.Delete(file);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(file, run.Error, StringComparison.Ordinal);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    private static Task<CliRun> RunAsync(ApiWorld world, string[] args, string? variable, string? token = null) => CliRun.StartAsync(args, name => name switch
    {
        "TIEOUT_URL" => world.Url,
        "TIEOUT_TOKEN_FILE" => variable,
        "TIEOUT_TOKEN" => token,
        _ => null,
    });
}
