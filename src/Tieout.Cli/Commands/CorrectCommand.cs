using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Ledger;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Cli.Commands;

/// <summary><c>correct FINDING</c> carries out what a finding proposes; <c>correct ORG POSTING</c> is a correction by hand.</summary>
internal static class CorrectCommand
{
    public static Command Build(Globals globals)
    {
        var target = new Argument<string>("FINDING") { Description = "The finding's id; or an org, for a correction by hand." };
        var posting = new Argument<long?>("POSTING") { Description = "By hand: the posting to reverse.", Arity = ArgumentArity.ZeroOrOne };
        var id = new Option<string?>("--id") { Description = "By hand: the id of the correction. The same id counts once, for ever." };
        var amount = new Option<string?>(
            "--amount")
        { Description = "The right amount, where a person must decide; by hand: the amount to enter instead.", HelpName = "AMOUNT" };
        var accept = new Option<bool>("--accept") { Description = "Accept the finding as it is. Requires --reason." };
        var reason = new Option<string?>("--reason") { Description = "Why the correction is made. Stored with it." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be done; change nothing." };
        var from = new Option<string?>(
            "--from")
        { Description = "For hash_break, with the server stopped: the backup to restore the row from.", HelpName = "BACKUP" };
        var data = new Option<string?>("--data") { Description = $"With --from. Default: TIEOUT__DATA, else {Shell.DefaultData}.", HelpName = "DIR" };
        var command = new Command("correct",
            "Repair a finding, or correct a posting by hand: by reversal and re-entry, never by an edit.") { target, posting, id, amount, accept, reason,
                dryRun, from, data };
        return globals.Running(command, async (call, cancellationToken) =>
        {
            if (call.Get(from) is { } backup) return await RestoreCommand.RunAsync(call, call.Get(target), backup, call.Get(data), call.Get(dryRun));
            using var api = call.Client();
            if (call.Get(posting) is { } number)
            {
                return await ByHandAsync(call, api, call.Get(target), number, call.Get(id), call.Get(amount), call.Get(reason), cancellationToken);
            }

            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["findings", call.Get(target), "correct"]),
                new CorrectFindingRequest(Arguments.AmountOrNull(call.Get(amount)), call.Get(accept), call.Get(dryRun), call.Get(reason)),
                ReconciliationJson.Default.CorrectFindingRequest, ReconciliationJson.Default.CorrectedBody, cancellationToken);
            await call.AnswerAsync(answer, ReconciliationJson.Default.CorrectedBody, (corrected, text) => text.WriteLineAsync(
                $"{(corrected.Applied ? "Done" : "Would do")}: {string.Join("; ", corrected.Steps)}{(corrected.Postings.Count > 0 ? $". Postings {string.Join(", ", corrected.Postings)}" : "")}."));
            return ExitCode.Ok;
        });
    }

    private static async Task<int> ByHandAsync(
        Invocation call, ApiClient api, string org, long posting, string? id, string? amount, string? reason, CancellationToken cancellationToken)
    {
        if (id is null) throw new CommandFailedException(ExitCode.Usage, "Option '--id' is required for a correction by hand.", "usage");
        if (reason is null) throw new CommandFailedException(ExitCode.Usage, "Option '--reason' is required for a correction by hand.", "usage");
        var answer = await api.SendAsync(
            HttpMethod.Post, ApiClient.Path(["orgs", org, "corrections"]), new CorrectionBody(posting, reason, Arguments.AmountOrNull(amount), id),
            ApiClient.Json.CorrectionBody,
            ApiClient.Json.MoneyBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.MoneyBody, (made, text) => text.WriteLineAsync(MoneyCommands.Sentence(made)));
        return ExitCode.Ok;
    }
}
