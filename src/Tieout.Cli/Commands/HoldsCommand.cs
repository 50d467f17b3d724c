using System.CommandLine;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>holds</c></summary>
internal static class HoldsCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var state = new Option<string>("--state") { Description = "open, settled, released or expired.", DefaultValueFactory = _ => "open" };
        state.AcceptOnlyFromAmong("open", "settled", "released", "expired");
        var limit = new Option<int>("--limit") { Description = "The number of rows, newest first.", DefaultValueFactory = _ => 100 };
        return globals.Calling(new("holds", "List holds: money set aside for attempts.") { org, state, limit }, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "holds"] : ["holds"];
            var answer = await api.GetAsync(
                ApiClient.Path(path, ("state", call.Get(state)), ("limit", $"{call.Get(limit)}")), ApiClient.Json.HoldListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.HoldListBody, (list, text) =>
            {
                var table = new TextTable("HOLD", "ORG", "OPERATION", "KEY", ">AMOUNT", "STATE", "HELD AT", "EXPIRES");
                foreach (var hold in list.Items)
                {
                    table.Add(hold.Id, hold.Org, hold.OperationId, hold.Key, hold.Amount.ToString(), hold.State, hold.HeldAt[..19], hold.ExpiresAt[..19]);
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }
}
