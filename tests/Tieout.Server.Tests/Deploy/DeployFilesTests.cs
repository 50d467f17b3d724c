using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Tieout.Cli;
using Tieout.Cli.Commands;
using Tieout.Cli.Output;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Deploy;

/// <summary>What <c>deploy/</c> says about this program is so: commands, options, variables, folders, ports, paths. That Docker itself can use it is tried by
/// hand.</summary>
public sealed partial class DeployFilesTests
{
    /// <summary>Read by the runtime, and by the driver of PostgreSQL.</summary>
    private static readonly string[] NotOurs = ["DOTNET_GCgen0size", "DOTNET_CLI_TELEMETRY_OPTOUT", "PGPASSWORD"];

    private static readonly List<(string Name, string Value)> Image = DeployFile.Instructions(DeployFile.Text("Dockerfile"));
    private static readonly Dictionary<string, string> ImageVariables = DeployFile.Variables(Of("ENV"));

    [Fact]
    public void The_image_is_built_from_what_is_in_the_repository()
    {
        foreach (var (_, value) in Image.Where(instruction => instruction is { Name: "COPY", Value: not ['-', ..] }))
        {
            foreach (var source in value.Split(' ')[..^1])
            {
                Assert.True(Directory.EnumerateFileSystemEntries(Repo.Root, source).Any(), $"COPY {source}");
            }
        }

        var publish = Regex.Match(Of("RUN", "dotnet publish"), "dotnet publish (?<project>[^ ]+) .*-o (?<to>[^ ]+)");
        var project = Assert.Single(Directory.GetFiles(Repo.Path(publish.Groups["project"].Value), "*.csproj"));
        Assert.Contains("<AssemblyName>tieout</AssemblyName>", File.ReadAllText(project), StringComparison.Ordinal);
        Assert.Equal($"--from=build {publish.Groups["to"].Value} /opt/tieout", Of("COPY", "--from"));
    }

    [Fact]
    public void The_image_runs_a_command_that_exists_as_a_user_who_owns_what_it_writes()
    {
        Assert.Equal("""["/opt/tieout/tieout"]""", Of("ENTRYPOINT"));
        AssertIsCommand([.. Regex.Matches(Of("CMD"), "\"([^\"]+)\"").Select(match => match.Groups[1].Value)]);
        Assert.Contains($"--home-dir {Of("VOLUME")} --create-home {Of("USER")}", Of("RUN", "useradd"), StringComparison.Ordinal);

        var options = Options(ImageVariables);
        Assert.Equal(Of("VOLUME"), options.Data);
        Assert.Equal(Of("EXPOSE"), new Uri(options.Listen).Port.ToString(CultureInfo.InvariantCulture));
        Assert.Equal("0.0.0.0", new Uri(options.Listen).Host);
    }

    [Fact]
    public void The_servers_of_the_composition_share_one_store_and_keep_a_spool_each()
    {
        var compose = DeployFile.Yaml("compose.yaml");
        var database = DeployFile.Map(compose, "services", "postgres", "environment");
        var servers = Servers(compose);
        Assert.Equal(2, servers.Count);
        foreach (var (name, server) in servers)
        {
            var variables = DeployFile.Map(server, "environment").ToDictionary(pair => (string)pair.Key, pair => (string)pair.Value);
            Assert.All(variables.Keys, AssertIsRead);
            Assert.Equal($"postgres://{database["POSTGRES_USER"]}@postgres:5432/{database["POSTGRES_DB"]}", Options(variables).Postgres);
            Assert.Equal(database["POSTGRES_PASSWORD"], variables["PGPASSWORD"]);
            Assert.Equal($"{name}:{Of("VOLUME")}", Assert.Single(DeployFile.List(server, "volumes")));
            Assert.EndsWith($":{Of("EXPOSE")}", Assert.Single(DeployFile.List(server, "ports")), StringComparison.Ordinal);
            Assert.True(File.Exists(
                Path.Combine(Repo.Path("deploy"), (string)DeployFile.At(server, "build", "context"), (string)DeployFile.At(server, "build", "dockerfile"))));
        }

        Assert.Equal(["CMD", "pg_isready", "-U", (string)database["POSTGRES_USER"]], DeployFile.List(compose, "services", "postgres", "healthcheck", "test"));
        var mounts =
            DeployFile.Map(compose, "services").Values.SelectMany(service => DeployFile.List(service, "volumes")).Select(mount => mount.Split(':')[0]).ToList();
        Assert.All(mounts,
            mount => Assert.True(mount[0] == '.' ? File.Exists(Repo.Path($"deploy/{mount}")) : DeployFile.Map(compose, "volumes").ContainsKey(mount), mount));
    }

    [Fact]
    public async Task Prometheus_asks_every_server_at_its_port_for_a_path_that_answers()
    {
        var job = (Dictionary<object, object>)Assert.Single((List<object>)DeployFile.At(DeployFile.Yaml("prometheus.yaml"), "scrape_configs"));
        var targets = ((List<object>)job["static_configs"]).SelectMany(config => DeployFile.List(config, "targets"));
        Assert.Equal(Servers(DeployFile.Yaml("compose.yaml"))
            .Select(server => $"{server.Name}:{new Uri(Options(ImageVariables).Doors.OperationsListen!).Port}").Order(), targets.Order());
        await AssertAnswersAsync((string)job.GetValueOrDefault("metrics_path", "/metrics"), world => world.Operations);
    }

    [Fact]
    public async Task What_the_notes_on_Kubernetes_name_exists()
    {
        var notes = DeployFile.Text("README.md");
        Assert.Contains($"at `{Of("VOLUME")}`", notes, StringComparison.Ordinal);
        var probes = Probes().Matches(notes).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(2, probes.Count);
        foreach (var path in probes) await AssertAnswersAsync(path, world => world.Http);
        foreach (Match variable in Variable().Matches(notes)) AssertIsRead(variable.Value);
        foreach (Match command in Commands().Matches(notes))
        {
            AssertIsCommand(command.Groups[1].Value.Replace("postgres://...", "postgres://tieout@127.0.0.1/tieout", StringComparison.Ordinal).Split(' '));
        }
    }

    [Fact]
    public void The_unit_starts_a_command_that_exists_with_a_folder_that_it_may_write()
    {
        var unit = DeployFile.Text("tieout.service").Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
            .Select(line => line.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[1]);
        var start = unit["ExecStart"].Single().Split(' ');
        Assert.Equal("/opt/tieout/tieout", start[0]);
        AssertIsCommand(start[1..]);
        var variables = DeployFile.Variables(string.Join(' ', unit["Environment"]));
        Assert.All(variables.Keys, AssertIsRead);
        Assert.Equal($"/var/lib/{unit["StateDirectory"].Single()}", Options(variables).Data);
        foreach (Match variable in Variable().Matches(DeployFile.Text("tieout.service"))) AssertIsRead(variable.Value);
    }

    // Method: a copy that starts a program which is there, since this one is not installed here.
    [Fact]
    public async Task The_unit_is_one_that_systemd_takes()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-unit-");
        try
        {
            var unit = Path.Combine(folder.FullName, "tieout.service");
            await File.WriteAllTextAsync(unit, DeployFile.Text("tieout.service").Replace("/opt/tieout/tieout", "/bin/true", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            using var verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", unit]) { RedirectStandardError = true })!;
            var said = await verify.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await verify.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(verify.ExitCode == 0 && !said.Contains(unit, StringComparison.Ordinal), said);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("systemd is not here.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The value of the image's one instruction of this name (that contains this).</summary>
    private static string Of(string name, string containing = "") =>
        Image.Single(instruction => instruction.Name == name && instruction.Value.Contains(containing, StringComparison.Ordinal)).Value;

    private static List<(string Name, object Value)> Servers(object compose) =>
        [.. DeployFile.Map(compose, "services").Where(service => ((Dictionary<object, object>)service.Value).ContainsKey("build")).Select(
            service => ((string)service.Key, service.Value))];

    private static ServerOptions Options(Dictionary<string, string> variables) => TieoutYaml.FromEnvironment(name => variables.GetValueOrDefault(name));

    private static void AssertIsRead(string variable)
    {
        var read = new HashSet<string>(
            [AdminTokenFile.Variable, AdminTokenFile.FileVariable, EnvelopeSecretFile.Variable, EnvelopeSecretFile.FileVariable, .. NotOurs]);
        TieoutYaml.FromEnvironment(name =>
        {
            read.Add(name);
            return null;
        });
        Assert.Contains(variable, read);
    }

    private static void AssertIsCommand(string[] arguments)
    {
        var parsed = CommandLine.Root(new Globals(Shell.OfProcess())).Parse(arguments);
        Assert.True(parsed.Errors.Count == 0 && parsed.CommandResult.Command.Subcommands.Count == 0,
            $"{string.Join(' ', arguments)}: {string.Join(' ', parsed.Errors)}");
    }

    private static async Task AssertAnswersAsync(string path, Func<World, HttpClient> address)
    {
        await using var world = await World.StartAsync();
        using var answer = await address(world).GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [GeneratedRegex("Probe: (/[a-z]+)")]
    private static partial Regex Probes();

    [GeneratedRegex(@"\b(TIEOUT_[A-Z_]+|PGPASSWORD)\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?<=[`\n])tieout ([a-z][^`\n]*)")]
    private static partial Regex Commands();
}
