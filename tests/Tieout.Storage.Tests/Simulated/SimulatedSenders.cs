using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>What senders send: charges, holds and their ends, settings and alerts, alone and in lists; again, with other content, and such as cannot be carried
/// out.</summary>
internal sealed class SimulatedSenders(Random draw, Dictionary<AttemptId, Poison> poison)
{
    private readonly List<Command> _sent = [];
    private readonly List<(int Id, string Org)> _held = [];
    private int _newest;

    public List<Command> Next()
    {
        var count = draw.Next(10) switch { < 5 => 1, < 8 => draw.Next(2, 12), 8 => draw.Next(12, 40), _ => draw.Next(40, 150) };
        var commands = new List<Command>(count);
        while (commands.Count < count) commands.Add(One());
        return commands;
    }

    /// <summary>What it is not known of whether it was carried out, once more.</summary>
    public List<Command> Again(List<Command> unresolved)
    {
        var count = Math.Min(unresolved.Count, draw.Next(1, 20));
        var commands = unresolved.GetRange(0, count);
        unresolved.RemoveRange(0, count);
        return commands;
    }

    private Command One()
    {
        var command = draw.Next(100) switch
        {
            < 50 => Charge(),
            < 62 => Hold(),
            < 74 when _held.Count > 0 => EndOfHold(),
            < 80 when _sent.Count > 0 => _sent[draw.Next(_sent.Count)],
            < 83 when _sent.Count > 0 => OtherContent(_sent[draw.Next(_sent.Count)]),
            < 88 => new Command.Record(SettingKind.Team, Org(), $"team{draw.Next(5)}", $"{{\"n\":{draw.Next(5)}}}", Once: false),
            < 92 => new Command.Announce($"a{draw.Next(40)}", Org(), "alert.test", "{}"),
            < 94 => Make.TopUp(draw.Next(1, 100), $"u{draw.Next(100)}", Org()),
            < 95 => new Command.Record(SettingKind.Org, Org(), "misuse", $"{{\"n\":{draw.Next(3)}}}", Once: false),
            < 97 => Poisoned(),
            _ => Charge(),
        };
        if (_sent.Count < 500) _sent.Add(command);
        else _sent[draw.Next(_sent.Count)] = command;
        return command;
    }

    private string Org() => draw.Next(3) == 0 ? "beta" : "acme";

    private Command.Charge Charge() => (Command.Charge)Make.Charge(++_newest, draw.Next(1, 50), Make.Labels(Org()));

    private Command.Charge Poisoned()
    {
        var charge = Charge();
        poison[charge.Usage.Usage.Id] = (Poison)draw.Next(7);
        return charge;
    }

    private Command.PlaceHold Hold()
    {
        var org = Org();
        _held.Add((++_newest, org));
        return new(Make.Id(_newest), Make.Labels(org), null, $"op{_newest}", new Amount(draw.Next(1, 50)), TimeSpan.FromHours(1));
    }

    private Command EndOfHold()
    {
        var at = draw.Next(_held.Count);
        var (id, org) = _held[at];
        _held.RemoveAt(at);
        return draw.Next(3) == 0 ? new Command.Release(Make.Id(id)) : Make.Settle(id, draw.Next(1, 50), Make.Labels(org));
    }

    private static Command OtherContent(Command command) => command is Command.Charge charge
        ? charge with { Usage = charge.Usage with { Charge = charge.Usage.Charge + new Amount(1) } }
        : command;
}
