using System.Diagnostics;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <summary>A hold or charge, and the step of its envelope that it is.</summary>
/// <param name="Envelope">Null: it has none, and is submitted as it is.</param>
internal sealed record LinkedCommand(Command Command, CarriedEnvelope? Envelope, LineageStep? Step);

/// <summary>Many commands at once, each linked to the one before it under the same envelope.</summary>
/// <remarks>
/// Every envelope is taken to be new in its operation. Where the ledger knows of earlier steps it refuses the link, does nothing, and those commands are
/// linked anew behind what is stored: so nothing is read for the many that are new.
/// </remarks>
internal static class LinkedCommands
{
    /// <summary>Far more than there are servers that could come first.</summary>
    private const int RoundsMax = 32;

    /// <returns>One outcome a command, in their order.</returns>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(IReadOnlyList{Command}, CancellationToken)"/>.</exception>
    public static async Task<Outcome[]> SubmitAsync(ILedger ledger, IReadOnlyList<LinkedCommand> commands, CancellationToken cancellationToken)
    {
        var outcomes = new Outcome[commands.Count];
        var open = Enumerable.Range(0, commands.Count).ToList();
        var ends = new Dictionary<(string Org, string Operation, string Issuance), (int No, byte[] Link)>();
        for (var round = 1; open.Count > 0 && round <= RoundsMax; round++)
        {
            var decided = await ledger.SubmitAsync([.. open.Select(place => Linked(commands[place], ends))], cancellationToken);
            for (var i = 0; i < open.Count; i++) outcomes[open[i]] = decided[i];
            open.RemoveAll(place => outcomes[place] is not Outcome.Refused { Reason: Refusal.LineageMoved });
            ends.Clear();
            foreach (var place in open) await ReadEndAsync(ledger, commands[place], ends, cancellationToken);
        }

        return outcomes;
    }

    private static Command Linked(LinkedCommand linked, Dictionary<(string Org, string Operation, string Issuance), (int No, byte[] Link)> ends)
    {
        if (linked is not { Envelope: { } envelope, Step: { } step }) return linked.Command;
        var name = NameOf(linked.Command, envelope);
        var (no, previous) = ends.TryGetValue(name, out var end) ? end : (0, envelope.Root);
        var row = Lineage.Append(envelope.LineageKey, envelope.Issuance, previous, no + 1, step);
        ends[name] = (row.No, row.Link);
        var append = new LineageAppend(previous, envelope.KeyId, envelope.TokenSha256, row);
        return linked.Command switch
        {
            Command.PlaceHold hold => hold with { Lineage = append },
            Command.Charge charge => charge with { Lineage = append },
            var other => throw new UnreachableException($"{other.GetType().Name} is no step of an envelope."),
        };
    }

    private static async Task ReadEndAsync(
        ILedger ledger, LinkedCommand linked, Dictionary<(string Org, string Operation, string Issuance), (int No, byte[] Link)> ends,
        CancellationToken cancellationToken)
    {
        var name = NameOf(linked.Command, linked.Envelope!);
        if (ends.ContainsKey(name)) return;
        if (await EnvelopeChain.EndAsync(ledger, name.Org, name.Operation, name.Issuance, cancellationToken) is { } end) ends[name] = end;
    }

    private static (string Org, string Operation, string Issuance) NameOf(Command command, CarriedEnvelope envelope) => command switch
    {
        Command.PlaceHold hold => (hold.Labels.Org, hold.OperationId, envelope.Issuance),
        Command.Charge { Usage.Usage: var usage } => (usage.Labels.Org, usage.OperationId, envelope.Issuance),
        var other => throw new UnreachableException($"{other.GetType().Name} is no step of an envelope."),
    };
}
