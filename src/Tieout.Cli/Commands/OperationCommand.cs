using System.CommandLine;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>operation ID</c>: where every unit of its cost comes from.</summary>
internal static class OperationCommand
{
    public static Command Build(Globals globals)
    {
        var id = new Argument<string>("ID");
        var org = new Option<string?>("--org") { Description = "Default: whichever org has it.", HelpName = "ORG" };
        return globals.Calling(new("operation", "Show all attempts of an operation: held, used, charged.") { id, org }, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "operations", call.Get(id)] : ["operations", call.Get(id)];
            var answer = await api.GetAsync(ApiClient.Path(path), ApiClient.Json.OperationBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.OperationBody, async (operation, text) =>
            {
                await text.WriteLineAsync(
                    $"Operation {operation.OperationId} of {operation.Org}: {operation.Charge} {operation.Asset} charged{(operation.ProviderCost is { } cost ? $", {cost} at the provider" : "")}{(operation.Settled ? "" : "; still in flight")}.");
                var table = new TextTable("ATTEMPT", ">NO", "HOLD", ">HELD", "MODEL", ">STATUS", ">IN", ">OUT", ">CHARGE", "BASIS");
                foreach (var attempt in operation.Attempts)
                {
                    var usage = attempt.Usage;
                    table.Add(
                        attempt.Id, $"{attempt.AttemptNo}", attempt.Hold?.State, attempt.Hold?.Amount.ToString(), attempt.Model, $"{usage?.StatusCode}",
                        $"{usage?.InputTokens}", $"{usage?.OutputTokens}", usage?.Charge.ToString(), usage?.Basis);
                }

                await table.WriteAsync(text);
                foreach (var envelope in operation.Lineage)
                {
                    var state = envelope.Intact switch
                    {
                        true => "intact",
                        false =>
                        $"broken from no. {envelope.Broken?.No} on ({envelope.Broken?.Flaw})",
                        null => "not to be checked here"
                    };
                    await text.WriteLineAsync(
                        $"Envelope {envelope.IssuanceId}: {envelope.Steps.Count} {(envelope.Steps.Count == 1 ? "step" : "steps")}, {state}.");
                }
            });
            return ExitCode.Ok;
        });
    }
}
