using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tieout.Server.Tests.Deploy;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reference;

/// <summary>Each package of the whole graph, also those that packages bring along, has the version that <c>eng/packages.txt</c> names.
/// <c>TIEOUT_REGENERATE=1</c> writes the list anew.</summary>
public sealed partial class PackageGraphTests
{
    private static readonly string Kept = Repo.Path("eng/packages.txt");

    [Fact]
    public void The_resolved_graph_is_the_kept_list()
    {
        var resolved = string.Concat(Resolved().Order(StringComparer.OrdinalIgnoreCase).Select(package => $"{package}\n"));
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") File.WriteAllText(Kept, resolved);

        Assert.Equal(File.ReadAllText(Kept), resolved);
    }

    [Fact]
    public void Central_versions_are_exact_and_none_floats()
    {
        var versions = XDocument.Load(Repo.Path("Directory.Packages.props"))
            .Descendants("PackageVersion").Select(package => (string)package.Attribute("Version")!).ToList();

        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.Matches(Exact(), version));
    }

    [Fact]
    public async Task The_bill_of_materials_names_every_package_that_ships_with_its_hash()
    {
        using var script = Start(Repo.Path("eng/sbom"));
        var text = await script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await script.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(script.ExitCode == 0, await script.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        using var bill = JsonDocument.Parse(text);

        Assert.Equal(("CycloneDX", "1.6"), (bill.RootElement.GetProperty("bomFormat").GetString(), bill.RootElement.GetProperty("specVersion").GetString()));
        var shipped = bill.RootElement.GetProperty("components").EnumerateArray().Where(component => !component.TryGetProperty("scope", out _)).ToList();
        Assert.All(shipped, component => Assert.Matches("^[0-9a-f]{128}$", component.GetProperty("hashes")[0].GetProperty("content").GetString()));
        var named = shipped.Select(component => $"{component.GetProperty("name").GetString()} {component.GetProperty("version").GetString()}").ToHashSet();
        var referenced = Directory.GetFiles(AppContext.BaseDirectory, "*.deps.json")
            .Where(file => Path.GetFileName(file) == "tieout.deps.json").SelectMany(Libraries).ToList();
        Assert.NotEmpty(referenced);
        Assert.All(referenced, library => Assert.Contains(library, named));
    }

    [Fact]
    public async Task Images_are_pinned_by_digest_or_refused()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-images-");
        try
        {
            var answers = Path.Combine(folder.FullName, "docker");
            await File.WriteAllTextAsync(
                answers, $"#!/bin/sh\necho \"sha256:$(printf %s \"$4\" | sha256sum | cut -c1-64)\"\n", TestContext.Current.CancellationToken);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(answers, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var script = Start(Repo.Path("eng/pin-images"), ("PATH", $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}"));
            var lines = (await script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await script.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, script.ExitCode);
            Assert.All(lines, line => Assert.Matches("^[A-Z]+_IMAGE=[^@]+@sha256:[0-9a-f]{64}$", line));

            // Whatever starts a container or a build takes one of them, and nothing else.
            var names = lines.Select(line => line.Split('=')[0]).ToList();
            var used = ImageUse().Matches(DeployFile.Text("compose.yaml") + DeployFile.Text("Dockerfile")).Select(match => match.Groups[1].Value).ToList();
            Assert.NotEmpty(used);
            Assert.All(used, use => Assert.Contains(names, name => use.StartsWith($"${{{name}", StringComparison.Ordinal)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static HashSet<string> Resolved()
    {
        var packages = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var project in XDocument.Load(Repo.Path("Tieout.slnx")).Descendants("Project").Select(
            project => Path.GetFileNameWithoutExtension((string)project.Attribute("Path")!)))
        {
            using var assets = JsonDocument.Parse(File.ReadAllText(Repo.Path($"artifacts/obj/{project}/project.assets.json")));
            var ofTheSdk = assets.RootElement.GetProperty("project").GetProperty("frameworks")
                .EnumerateObject().SelectMany(framework => framework.Value.TryGetProperty("dependencies", out var direct) ? direct.EnumerateObject() : default)
                .Where(dependency => dependency.Value.TryGetProperty("autoReferenced", out var auto) && auto.GetBoolean())
                .Select(dependency => dependency.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var library in assets.RootElement.GetProperty("libraries").EnumerateObject().Where(
                library => library.Value.GetProperty("type").GetString() == "package"))
            {
                // What an SDK brings along has the SDK's version, which global.json names.
                if (!ofTheSdk.Contains(library.Name.Split('/')[0])) packages.Add(library.Name.Replace('/', ' '));
            }
        }

        return packages;
    }

    private static IEnumerable<string> Libraries(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return [.. document.RootElement.GetProperty("libraries")
            .EnumerateObject().Where(library => library.Value.GetProperty("type").GetString() == "package").Select(library => library.Name.Replace('/', ' '))];
    }

    private static Process Start(string script, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(script) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$")]
    private static partial Regex Exact();

    [GeneratedRegex(@"(?:^FROM|^\s+image:|_IMAGE:) (\S+)", RegexOptions.Multiline)]
    private static partial Regex ImageUse();
}
