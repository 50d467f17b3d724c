using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Tieout.Storage.Postgres;
using Tieout.Storage.Writing;

[assembly: AssemblyFixture(typeof(Tieout.Storage.Tests.Postgres.PostgresServer.Lifetime))]

namespace Tieout.Storage.Tests.Postgres;

/// <summary>A PostgreSQL server of the tests' own: a random port, a temporary folder, gone when they end.</summary>
/// <remarks>One a test program, started when first asked for. No PostgreSQL: fails in CI, skips visibly on a desk.</remarks>
internal sealed class PostgresServer : IDisposable
{
    /// <summary>Of a store that <see cref="NewStore"/> makes. More than nodes of most tests, so that each leads one.</summary>
    private const int FewBuckets = 3;

    private const string Template = "few_buckets";

    private static readonly Lazy<PostgresServer> Shared = new(() => new());

    private readonly Lock _template = new();

    private readonly bool _hasDisk;
    private readonly string _binaries;
    private Process? _process;
    private Process? _standby;
    private bool _hasTemplate;
    private int _databases;

    /// <param name="settings">More settings, as in <c>postgresql.conf</c>.</param>
    public PostgresServer(params string[] settings)
        : this(diskMegabytes: null, settings)
    {
    }

    /// <param name="diskMegabytes">The size of a disk of its own, in memory, so that it can be filled: only root may make one. Null: the temporary
    /// folder's.</param>
    public PostgresServer(int? diskMegabytes, params string[] settings)
    {
        _binaries = Binaries();
        if (diskMegabytes is { } size)
        {
            if (!Environment.IsPrivilegedProcess) Assert.Skip("Only root may make a small disk to fill.");
            _hasDisk = true;
            Assert.True(Ran("mount", "-t", "tmpfs", "-o", $"size={size}m", "tmpfs", Folder), "A disk in memory could not be made.");
        }

        if (Environment.IsPrivilegedProcess) Ran("chown", "postgres", Folder);
        RunServerProgram("initdb", "--pgdata", Data, "--username", "tieout", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync");
        // What a test writes need not outlive the machine, only the server's own death. Each test has a database of its own, and autovacuum would look through
        // all of them, several a second.
        string[] lines =
        [
            "fsync = off", "full_page_writes = off", "autovacuum = off", "unix_socket_directories = ''", "listen_addresses = '127.0.0.1'",
            "max_connections = 200", $"port = {Port}", .. settings,
        ];
        File.AppendAllLines(Path.Combine(Data, "postgresql.conf"), lines);
        Start();
    }

    /// <summary>The one that tests share which do it no harm.</summary>
    public static PostgresServer Instance => Shared.Value;

    public int Port { get; } = FreePort();

    public string Folder { get; } = Directory.CreateTempSubdirectory("tieout-pg-").FullName;

    public bool HasEnded => _process!.HasExited;

    private string Data { get => Path.Combine(Folder, field); set; } = "data";

    /// <summary>The address of a database, as <c>--store</c> takes it.</summary>
    public string Url(string database) => $"postgres://tieout@127.0.0.1:{Port}/{database}";

    /// <summary>A new, empty database's address.</summary>
    public string NewDatabase()
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        Sql("postgres", $"CREATE DATABASE {name}");
        return Url(name);
    }

    /// <summary>The address of a new database that is laid out for a ledger with <see cref="FewBuckets"/>: opening one with the product's 64 takes ten times as
    /// long, and few tests need them.</summary>
    public string NewStore()
    {
        lock (_template)
        {
            if (!_hasTemplate)
            {
                Sql("postgres", $"CREATE DATABASE {Template}");
                Task.Run(async () =>
                {
                    await using var ledger = await PostgresLedger.OpenAsync(Url(Template), FewBuckets, LedgerWriter.BatchMax);
                }).GetAwaiter().GetResult();
                _hasTemplate = true;
            }

            var name = $"t{Interlocked.Increment(ref _databases)}";
            Sql("postgres", $"CREATE DATABASE {name} TEMPLATE {Template}");
            return Url(name);
        }
    }

    /// <summary>The first value that a statement answers; empty if it answers none.</summary>
    public string Sql(string database, string sql)
    {
        using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=tieout;Database={database};Pooling=false;Timeout=20");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }

    public void Start()
    {
        _process = Begin("postgres", "-D", Data);
        for (var waited = Stopwatch.StartNew(); ;)
        {
            if (_process.HasExited) throw new InvalidOperationException($"PostgreSQL did not start; see {Folder}.");
            try
            {
                Sql("postgres", "SELECT 1");
                return;
            }
            catch (NpgsqlException) when (waited.Elapsed < TimeSpan.FromSeconds(30))
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>A database as SQL, each row a statement.</summary>
    public async Task<string> DumpAsync(string database)
    {
        // Beside the server itself: the folder on the path may have links to some of its programs only.
        var server = new FileInfo(Path.Combine(_binaries, "postgres"));
        var start = new ProcessStartInfo(
            Path.Combine(Path.GetDirectoryName((server.ResolveLinkTarget(returnFinalTarget: true) ?? server).FullName)!, "pg_dump"),
            ["--host", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--username", "tieout", "--inserts", "--rows-per-insert", "100",
                "--no-owner", database])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var dump = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? dump : throw new InvalidOperationException($"pg_dump ended with {process.ExitCode}.");
    }

    /// <summary>A copy of the running server, as an operator makes it.</summary>
    public void BaseBackup(string name) => RunServerProgram(
        "pg_basebackup", "--host", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--username", "tieout", "--pgdata",
        Path.Combine(Folder, name), "--checkpoint", "fast", "--wal-method", "fetch");

    /// <summary>Starts a second server that follows this one, and returns its port. It ends with <see cref="Dispose"/>.</summary>
    public int StartStandby(string name)
    {
        BaseBackup(name);
        var (folder, port) = (Path.Combine(Folder, name), FreePort());
        File.WriteAllText(Path.Combine(folder, "standby.signal"), "");
        File.AppendAllLines(Path.Combine(folder, "postgresql.conf"), [$"port = {port}", $"primary_conninfo = 'host=127.0.0.1 port={Port} user=tieout'"]);
        if (Environment.IsPrivilegedProcess) Ran("chown", "--recursive", "postgres", folder);
        _standby = Begin("postgres", "-D", folder);
        return port;
    }

    /// <summary>Ends the server and starts it on a copy, brought up from the archived log to a point in time.</summary>
    /// <param name="restoreCommand">As in <c>postgresql.conf</c>.</param>
    public void Recover(string name, string restoreCommand, string time)
    {
        Kill();
        Data = name;
        File.AppendAllLines(Path.Combine(Data, "postgresql.conf"),
            [$"restore_command = '{restoreCommand}'", $"recovery_target_time = '{time}'", "recovery_target_action = 'promote'", "archive_mode = off"]);
        var signal = Path.Combine(Data, "recovery.signal");
        File.WriteAllText(signal, "");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(signal,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead
                    | UnixFileMode.OtherWrite);
        }

        Start();
        for (var waited = Stopwatch.StartNew(); Sql("postgres", "SELECT pg_is_in_recovery()") == "True";)
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(60)) throw new TimeoutException("PostgreSQL did not come to the end of its recovery.");
            Thread.Sleep(50);
        }
    }

    /// <summary>As <c>kill -9</c> of the server and everything it started.</summary>
    public void Kill()
    {
        _process!.Kill(entireProcessTree: true);

        // With a limit it waits for the process alone, and not for whatever still holds its output open.
        _process.WaitForExit(TimeSpan.FromSeconds(10));
    }

    public void Dispose()
    {
        if (_process is { HasExited: false }) Kill();
        if (_standby is { HasExited: false })
        {
            _standby.Kill(entireProcessTree: true);
            _standby.WaitForExit(TimeSpan.FromSeconds(10));
        }

        if (_hasDisk) Ran("umount", "--lazy", Folder);
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Ends the shared server with the test program.</summary>
    internal sealed class Lifetime : IDisposable
    {
        public void Dispose()
        {
            if (Shared.IsValueCreated) Shared.Value.Dispose();
        }
    }

    private static bool Ran(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string Binaries()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Concat(Directory.Exists("/usr/lib/postgresql")
                ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin")) : []);
        foreach (var folder in folders)
        {
            if (File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb"))) return folder;
        }

        if (Environment.GetEnvironmentVariable("CI") == "true") throw new FileNotFoundException("CI needs PostgreSQL: the package postgresql.");
        Assert.Skip("PostgreSQL is not installed here: the package postgresql.");
        return "";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void RunServerProgram(string program, params string[] arguments)
    {
        using var process = Begin(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    // PostgreSQL refuses to run as root, so root hands it to the user that its package made.
    private Process Begin(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        if (!File.Exists(path)) path = program;
        var info = Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        info.WorkingDirectory = "/";
        info.RedirectStandardOutput = info.RedirectStandardError = true;
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
