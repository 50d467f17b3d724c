using System.CommandLine;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;

namespace Tieout.Cli.Commands;

/// <summary><c>freeze ORG</c> and <c>unfreeze ORG</c></summary>
internal static class FreezeCommands
{
    public static Command Freeze(Globals globals) => Build(
        globals, "freeze", "Refuse to move money of an org by hand: top-ups, grants, corrections, credit notes, price policies.",
        "Why. Stored and shown by org show.",
        body => $"Money of {body.Org} cannot be moved by hand from now on: {body.Reason}");

    public static Command Unfreeze(Globals globals) => Build(
        globals, "unfreeze", "Lift the freeze of an org. If a reconciliation froze it, this reconciles again and refuses while the cause is still found.",
        "Why money may move again. Stored and shown by org show.",
        body => $"Money of {body.Org} can be moved by hand again: {body.Reason}");

    private static Command Build(Globals globals, string name, string description, string why, Func<FreezeBody, string> sentence)
    {
        var org = new Argument<string>("ORG");
        var reason = new Option<string>("--reason") { Required = true, Description = why };
        return globals.Calling(new(name, description) { org, reason }, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "adjustments", name]), new FreezeRequest(call.Get(reason)),
                ReconciliationJson.Default.FreezeRequest,
                TenancyJson.Default.FreezeBody, cancellationToken);
            await call.AnswerAsync(answer, TenancyJson.Default.FreezeBody, (body, text) => text.WriteLineAsync(sentence(body)));
            return ExitCode.Ok;
        });
    }
}
