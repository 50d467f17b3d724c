using System.Reflection;
using Tieout.Server.Errors;
using Tieout.Server.Tests.Errors.Golden.Samples;
using Tieout.Tests;

namespace Tieout.Server.Tests.Errors.Golden;

/// <summary><c>tests/golden/errors</c>: for every code a request that it answers, and the exact answer. <c>TIEOUT_REGENERATE=1</c> writes the files
/// anew.</summary>
public sealed class GoldenErrorTests(GoldenErrorTests.Servers servers) : IClassFixture<GoldenErrorTests.Servers>
{
    private static string Folder => Repo.Path("tests/golden/errors");

    public static TheoryData<string> Areas => [.. GoldenSamples.ByArea.Keys];

    [Theory]
    [MemberData(nameof(Areas))]
    public async Task Every_error_is_answered_word_for_word(string area)
    {
        var differ = new List<string>();
        foreach (var sample in GoldenSamples.ByArea[area])
        {
            var text = await (await servers.OfAsync(sample.Server)).TextAsync(sample);
            Assert.True(text.Contains(sample.Code, StringComparison.OrdinalIgnoreCase), $"The answer to the sample {sample.Name} has another code:\n{text}");
            var path = Path.Combine(Folder, $"{sample.Name}.txt");
            if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
            if (!File.Exists(path) || await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) != text) differ.Add($"{sample.Name}:\n{text}");
        }

        Assert.True(
            differ.Count == 0, $"The files of tests/golden/errors differ from the answers. Run: TIEOUT_REGENERATE=1 ./test\n\n{string.Join('\n', differ)}");
    }

    [Fact]
    public void Every_code_has_a_file_and_every_file_a_sample()
    {
        var codes = typeof(ApiError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)).OfType<ApiError>().Select(
            error => error.Code);
        var samples = GoldenSamples.ByArea.Values.SelectMany(area => area).Select(sample => sample.Name).Order(StringComparer.Ordinal).ToList();
        var files = Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);
        Assert.Equal(codes.Order(StringComparer.Ordinal), samples.Where(name => !name.Contains('.', StringComparison.Ordinal)));
        Assert.Equal(samples, files);
    }

    /// <summary>Each server starts with the first sample that is sent to it.</summary>
    public sealed class Servers : IAsyncDisposable
    {
        private readonly Dictionary<GoldenServer, GoldenWorld> _started = [];

        public async ValueTask DisposeAsync()
        {
            foreach (var world in _started.Values) await world.DisposeAsync();
        }

        internal async Task<GoldenWorld> OfAsync(GoldenServer server) =>
            _started.TryGetValue(server, out var world) ? world : _started[server] = await GoldenWorld.StartAsync(server);
    }
}
