using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Archive;

namespace Tieout.Cli.Commands;

/// <summary><c>archive</c>: writes what was recorded in months that are over into files that prove themselves. The ledger stays as it is.</summary>
internal static class ArchiveCommand
{
    public static Command Build(Globals globals)
    {
        var before = new Option<string>(
            "--before")
        { Description = "Months before this one, YYYY-MM, in UTC by the time of recording.", HelpName = "MONTH", Required = true };
        var to = new Option<string>(
            "--to")
        { Description = "The archive's folder. Months that are in it are not written again: after an interruption, run the command again.", HelpName = "DIR", Required = true };
        var (data, store) = (StoreOption.Data(), StoreOption.Store());
        return globals.Running(new("archive",
            "Write past months into compressed files, with the hash chain that proves them. Works while a server runs.") { before, to, data, store, ArchivePlanCommand.Build(globals), ArchiveDetachCommand.Build(globals) },
            async (call, cancellationToken) =>
        {
            if (!Month.TryParse(call.Get(before)!, out var month))
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{call.Get(before)}' is not a month: write YYYY-MM, such as 2026-11.");
            }

            var added = await AddAsync(call, data, store, month, call.Get(to)!, cancellationToken);
            await call.Shell.Out.WriteLineAsync(call.Json ? Json(added, call.Get(to)!) : Text(added, call.Get(to)!));
            return ExitCode.Ok;
        });
    }

    private static async Task<IReadOnlyList<ArchiveSegment>> AddAsync(
        Invocation call, Option<string?> data, Option<string?> store, Month month, string to, CancellationToken cancellationToken)
    {
        var (postgres, folder) = StoreOption.Of(call, data, store);
        using var progress = ProgressLine.Begin(call.Shell, call.Json);
        try
        {
            var rows = new Interruption(progress, cancellationToken);
            return await rows.RunAsync(
                () => postgres is not null
                    ? LedgerArchive.WritePostgresAsync(postgres, month, to, cancellationToken, rows)
                    : Task.FromResult(LedgerArchive.WriteSqlite(folder, month, to, rows)),
                $"The ledger was not changed. {to} has each month that was written whole. Run the command again: it goes on with the month after them.");
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

    private static string Text(IReadOnlyList<ArchiveSegment> added, string to) => added.Count == 0
        ? $"{to}: nothing to add."
        : string.Join('\n', added.Select(segment => $"{segment.File}: commits {segment.FirstCommit} to {segment.LastCommit}, {segment.Rows} rows"))
            + $"\n{to}: prove it with 'tieout verify --archive {to}'.";

    private static string Json(IReadOnlyList<ArchiveSegment> added, string to) => JsonOutput.Text(json =>
    {
        json.WriteStartObject();
        json.WriteString("archive", to);
        json.WriteStartArray("added");
        foreach (var segment in added)
        {
            json.WriteStartObject();
            json.WriteNumber("bucket", segment.Bucket);
            json.WriteString("month", segment.Month);
            json.WriteString("file", segment.File);
            json.WriteNumber("first_commit", segment.FirstCommit);
            json.WriteNumber("last_commit", segment.LastCommit);
            json.WriteString("hash", segment.Hash);
            json.WriteNumber("rows", segment.Rows);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
