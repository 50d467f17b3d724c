using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Traffic of two orgs, the same in every run: charges of now and of the days before, corrections and top-ups. It goes through a ledger and through
/// the one in memory, which reports are compared with.</summary>
internal sealed class FollowedTraffic
{
    private readonly FakeClock _clock;
    private int _commands;

    public FollowedTraffic(FakeClock clock)
    {
        _clock = clock;
        _clock.Now = Memory.Now;
    }

    public MemoryLedger Memory { get; } = Histories.Begin();

    public async Task RunAsync(ILedger ledger, int commands)
    {
        for (var i = 0; i < commands; i++)
        {
            var (command, outcome) = InMemory();
            Assert.Equal(outcome, await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
        }
    }

    /// <summary>The next commands, which the ledger has already.</summary>
    public void Skip(int commands)
    {
        for (var i = 0; i < commands; i++) InMemory();
    }

    private (Command Command, Outcome Outcome) InMemory()
    {
        _clock.Now = Memory.Now += TimeSpan.FromMinutes(17 * (_commands % 5) + 1);
        var command = Next(++_commands);
        return (command, Memory.Submit(command));
    }

    private Command Next(int number)
    {
        var org = number % 3 == 0 ? "beta" : "acme";
        return number switch
        {
            _ when number % 11 == 0 => Make.TopUp(1_000, $"more-{number}", org),
            _ when number % 7 == 0 && LastCharge(org) is { } posting => new Command.Correct($"fix-{number}", org, posting, new Amount(number % 2), "checked"),
            _ => Charge(number, Make.Labels(org, number % 2 == 0 ? "red" : "blue")),
        };
    }

    /// <summary>Ids that many rows share, that few do, and that a row does not have.</summary>
    private Command.Charge Charge(int number, UsageLabels labels)
    {
        var priced = Make.Priced(number, number % 9, labels, user: $"user {number % 2}", at: Memory.Now - TimeSpan.FromHours(number * 5 % 40));
        var usage = priced.Usage with
        {
            OperationId = $"op{number / 3}",
            CorrelationId = number % 4 == 0 ? null : $"corr{number % 4}",
            TraceId = number % 5 == 0 ? null : $"{number / 10:x32}",
            WorkflowId = number % 2 == 0 ? null : "w",

            // Tokens of all sizes, and none.
            Counts = number % 6 == 0 ? new(0, 0, 0, 0, 0) : new(number * number * 37 % 5_000, 0, 0, number * 101 % 300, 0),
            // Most rows ended well; of the rest some have each trait alone, and some several.
            StatusCode = (number % 10) switch { 3 => 429, 7 => 0, _ => 200 },
            Basis = number % 6 == 1 ? UsageBasis.Estimated : UsageBasis.Reported,
            Flags = number % 13 == 0 ? UsageFlags.CutShort : UsageFlags.None,
            EndUser = number % 8 == 0 ? null : $"user {number % 5 % 3}",
        };
        return new(priced with { Usage = usage }, Fact: true);
    }

    private long? LastCharge(string org) =>
        Memory.Postings.LastOrDefault(row => row.Posting.Kind == PostingKind.Charge && row.Posting.Org == org)?.Posting.Seq;
}
