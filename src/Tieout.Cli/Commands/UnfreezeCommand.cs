using System.CommandLine;
using Tieout.Server.Reconciliation.Inside;

namespace Tieout.Cli.Commands;

/// <summary><c>unfreeze</c>: lets an org's postings be corrected by hand again, once nothing is found any more.</summary>
internal static class UnfreezeCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var reason = new Option<string>("--reason") { Required = true, Description = "What was understood and repaired; kept." };
        return globals.Calling(new("unfreeze", "Lifts the freeze of corrections by hand, if a run no longer finds what brought it.") { org, reason }, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "adjustments", "unfreeze"]), new UnfreezeRequest(call.Get(reason)), ReconciliationJson.Default.UnfreezeRequest,
                ReconciliationJson.Default.FreezeBody, cancellationToken);
            await call.AnswerAsync(answer, ReconciliationJson.Default.FreezeBody, (body, text) => text.WriteLineAsync($"{body.Org} may be corrected by hand again: {body.Reason}"));
            return ExitCode.Ok;
        });
    }
}
