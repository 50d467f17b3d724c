using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Tool calls against the records in memory.</summary>
public abstract partial class LedgerContract
{
    // Goal: a tool call counts once and in its hour, wherever the follower is. Method: calls of two orgs, of now, late and ahead of the clock, some sent twice;
    // the follower steps at some of them, and every sum is compared with a naive count. One range begins and ends within hours.
    [Fact]
    public async Task Q2_tool_calls_are_summed_once_wherever_the_follower_is()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (begin, sent) = (Clock.Now, new List<(string Org, ToolCall Call, Instant RecordedAt)>());
        for (var i = 1; i <= 60; i++)
        {
            Clock.Now += TimeSpan.FromMinutes(13 * (i % 4) + 1);
            var call = CallAt(i, Clock.Now + TimeSpan.FromMinutes((i % 5 - 3) * 50));
            var (org, command) = (i % 3 == 0 ? "beta" : "acme", Recorded(i % 3 == 0 ? "beta" : "acme", call));
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
            if (i % 7 == 0) Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(command, Cancel));
            if (i % 9 == 0) Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Recorded(org, call with { Failed = !call.Failed }), Cancel));
            sent.Add((org, call, Clock.Now));
            if (i % 11 == 0) Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
            if (i % 25 == 0)
            {
                await ledger.DisposeAsync();
                ledger = Open(fresh: false);
            }

            if (i % 6 == 0) await AssertToolsAsync(i);
        }

        await FollowAsync(ledger);
        await AssertToolsAsync(60);
        await ledger.DisposeAsync();
        AssertVerified();

        async Task AssertToolsAsync(int step)
        {
            foreach (var org in (string[])["acme", "beta"])
            {
                foreach (var (from, to) in ((Instant, Instant)[])
                    [(Instant.UnixEpoch, Instant.EndOfTime), (begin + TimeSpan.FromMinutes(70), begin + TimeSpan.FromMinutes(455))])
                {
                    foreach (var slot in (RecountSlot[])[RecountSlot.Range, RecountSlot.Hour])
                    {
                        var query = new RecountQuery(ledger.Read.Org(org)!, from, to, slot);
                        var expected = sent.Where(each => each.Org == org && query.Contains(each.Call.CountsAt(each.RecordedAt)))
                            .GroupBy(each => (Slot: query.SlotOf(each.Call.CountsAt(each.RecordedAt)), Feature: each.Call.Feature ?? "", each.Call.Tool))
                            .OrderBy(group => group.Key.Slot).ThenBy(group => group.Key.Feature, StringComparer.Ordinal)
                            .ThenBy(group => group.Key.Tool, StringComparer.Ordinal)
                            .Select(group => $"{group.Key.Slot} {group.Key.Feature}/{group.Key.Tool}: {group.Count()} calls, "
                                + $"{group.Count(each => each.Call.Failed)} failures, {group.Sum(each => each.Call.Retries)} retries");
                        var actual = (await ledger.Read.ToolHoursAsync(query, Cancel)).Select(hour =>
                            $"{hour.Key.Start} {hour.Key.Feature}/{hour.Key.Tool}: {hour.Calls} calls, {hour.Failures} failures, {hour.Retries} retries");
                        Assert.Equal((step, string.Join("\n", expected)), (step, string.Join("\n", actual)));
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_record_that_is_no_tool_call_counts_as_none_and_the_follower_goes_on()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(new Command.AddRecord(RecordKind.ToolCall, "acme", "odd", """{"tool":7}""", Once: true), Cancel);
        await ledger.SubmitAsync(Recorded("acme", CallAt(1, Clock.Now)), Cancel);
        Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
        Assert.Equal(1, (await ledger.Read.ToolHoursAsync(new(ledger.Read.Org("acme")!, Instant.UnixEpoch, Instant.EndOfTime), Cancel)).Sum(hour => hour.Calls));
    }

    private static ToolCall CallAt(int id, Instant at) => new(
        id % 4 == 0 ? "web_search" : "read_file", id % 3 == 1 ? null : id % 2 == 0 ? "chat" : "it's \"quoted\"", id % 5 == 0, id % 6 == 0 ? id % 4 : 0, at, "api",
        $"call-{id}");

    private static Command.AddRecord Recorded(string org, ToolCall call) =>
        new(RecordKind.ToolCall, org, ToolCall.NameOf(ToolCall.ProviderSource, call.Id), call.Body, Once: true);
}
