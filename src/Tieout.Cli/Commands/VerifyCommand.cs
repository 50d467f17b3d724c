using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Attribution;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Heads;
using Tieout.Storage;
using Tieout.Storage.Archive;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Sqlite.Verification;
using SignedHead = Tieout.Core.Ledger.SignedHead;

namespace Tieout.Cli.Commands;

/// <summary><c>verify</c>: recomputes everything from usage and postings, without a server. Ends with 1 when something is broken.</summary>
internal static class VerifyCommand
{
    public static Command Build(Globals globals)
    {
        var (data, store) = (StoreOption.Data(), StoreOption.Store("A PostgreSQL store to verify"));
        var archive =
            new Option<string?>(
                "--archive")
            {
                Description = "An archive to verify instead. With --data or --store: also verify that it belongs to that ledger.",
                HelpName = "DIR"
            };
        var head = new Option<string?>(
            "--head")
        {
            Description = "Signed heads of this ledger, from outside it: the ledger must contain the last one. A file, or an address to GET.",
            HelpName = "FILE|URL"
        };
        var headKey = new Option<string?>(
            "--head-key")
        { Description = $"The file with the key that heads are signed with. Default: {HeadKey.FileVariable}.", HelpName = "FILE" };
        return globals.Running(new("verify", "Recompute a ledger from its rows, and name each row that is wrong.") { data, store, archive, head, headKey },
            async (call, cancellationToken) =>
        {
            if (call.Get(archive) is { } archived) return await ArchiveAsync(call, archived, call.Get(data), call.Get(store));
            var (postgres, folder) = StoreOption.Of(call, data, store);
            var secret = Secret(call.Shell, folder);
            var signed = call.Get(head) is { } place
                ? await HeadAsync(place, call.Get(headKey) ?? call.Shell.Variable(HeadKey.FileVariable), cancellationToken) : null;
            using var progress = ProgressLine.Begin(call.Shell, call.Json);
            var rows = new Interruption(progress, cancellationToken);
            var report = await rows.RunAsync(
                () => postgres is null ? Task.FromResult(Run(folder, secret, signed, rows)) : RunAsync(postgres, secret, cancellationToken, signed, rows),
                "Verify only reads: nothing was changed, and nothing is proved. Run the command again: it begins anew.");
            progress?.Dispose();
            await WriteAsync(call.Shell, call.Json, report);
            return report.Ok ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task<int> ArchiveAsync(Invocation call, string archive, string? data, string? store)
    {
        try
        {
            var postgres = store is null ? null : StoreOption.Parse(store);
            var report = await ArchiveVerification.RunAsync(archive, postgres is null ? data : null, postgres, Secret(call.Shell, data ?? Shell.DefaultData));
            await WriteAsync(call.Shell, call.Json, report);
            return report.Ok ? ExitCode.Ok : ExitCode.Findings;
        }
        catch (StoreCorruptException e)
        {
            throw new CommandFailedException(ExitCode.Findings, e.Message, "store_corrupt", e);
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    /// <summary>What the links of envelopes are checked with; null: it is not here, and then only their numbers and texts are.</summary>
    /// <exception cref="CommandFailedException">It is here, but is not one, or cannot be read.</exception>
    private static EnvelopeSecret? Secret(Shell shell, string folder)
    {
        try
        {
            if (shell.Variable(EnvelopeSecretFile.Variable) is { Length: > 0 } given) return EnvelopeSecretFile.Parse(given);
            return File.Exists(EnvelopeSecretFile.In(folder)) ? EnvelopeSecretFile.Load(folder) : null;
        }
        catch (Exception e) when (e is ConfigurationException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "configuration_invalid", e);
        }
    }

    /// <exception cref="CommandFailedException">There is none, its key is not given, or it is not believed.</exception>
    private static async Task<SignedHead> HeadAsync(string place, string? keyFile, CancellationToken cancellationToken)
    {
        if (keyFile is not { Length: > 0 })
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"--head needs the key that heads are signed with: --head-key FILE, or {HeadKey.FileVariable}.", "usage");
        }

        try
        {
            var last = SignedHead.Last(await HeadPlaces.ReadAsync(place, cancellationToken), HeadKey.Read(keyFile), out var flaw);
            return last
                ?? throw new CommandFailedException(
                    ExitCode.Findings, flaw is null ? $"{place} holds no head." : $"{place}: the signed heads are not valid: {flaw}.", "head_invalid");
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "configuration_invalid", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException or TaskCanceledException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The heads at {place} cannot be read: {e.Message}", "head_unreadable", e);
        }
    }

    /// <exception cref="CommandFailedException">There is no ledger to verify.</exception>
    public static VerificationReport Run(
        string folder, EnvelopeSecret? secret = null, SignedHead? head = null, IProgress<RowProgress>? progress = null)
    {
        try
        {
            return SqliteVerification.Run(folder, secret, head, progress);
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    /// <inheritdoc cref="Run"/>
    public static async Task<VerificationReport> RunAsync(
        string store, EnvelopeSecret? secret, CancellationToken cancellationToken, SignedHead? head = null, IProgress<RowProgress>? progress = null)
    {
        try
        {
            return await PostgresVerification.RunAsync(store, secret, head, progress, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    public static async Task WriteAsync(Shell shell, bool asJson, VerificationReport report)
    {
        if (asJson)
        {
            await shell.Out.WriteLineAsync(JsonOutput.Text(json => Write(json, report)));
            return;
        }

        var table = new TextTable("CHECK", ">CHECKED", ">BROKEN");
        foreach (var check in report.Checks) table.Add(check.Id, $"{check.Checked}", $"{check.Broken}");
        await table.WriteAsync(shell.Out);
        foreach (var row in report.Checks.SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}"))) await shell.Out.WriteLineAsync(row);
        await shell.Out.WriteLineAsync(report.Ok ? "Verified: no row is wrong." : "Broken: see above.");
    }

    public static void Write(System.Text.Json.Utf8JsonWriter json, VerificationReport report)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", report.Ok);
        json.WriteStartArray("checks");
        foreach (var check in report.Checks)
        {
            json.WriteStartObject();
            json.WriteString("id", check.Id);
            json.WriteNumber("checked", check.Checked);
            json.WriteNumber("broken", check.Broken);
            json.WriteStartArray("rows");
            foreach (var row in check.Rows) json.WriteStringValue(row);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
