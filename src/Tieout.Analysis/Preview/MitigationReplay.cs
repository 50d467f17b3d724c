using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Core.Spike.Truncation;

namespace Tieout.Analysis.Preview;

/// <summary>Replays past requests through a mitigation, with the same counts that the gateway has. Requests come in the order of their times.</summary>
/// <remarks>A refused request is taken as gone: whoever is refused does not ask again. A breaker of tools cannot be replayed, because conversations are not
/// stored.</remarks>
public sealed class MitigationReplay(Mitigation mitigation, TimeZoneInfo zone)
{
    private readonly MitigationCounts _counts = new(mitigation);
    private readonly MitigationScope _ofAnyTrigger = mitigation.Scope with { Trigger = null };
    private readonly Dictionary<MitigatedCaller, Turn> _turns = [];
    private readonly Dictionary<(string? User, Instant Hour), Amount> _spent = [];
    private readonly Dictionary<long, (Amount Cost, Amount Saved)> _hours = [];
    private readonly HashSet<string> _users = new(StringComparer.Ordinal);
    private readonly ConversationReplay? _conversations =
        mitigation.Kind is MitigationKind.Truncate ? new(ContextWindow.Of(mitigation.Rule)) : null;

    private Amount _cacheLost = Amount.Zero;
    private long _requests, _covered, _touched;

    /// <summary>Whether the kind can be replayed.</summary>
    public static bool IsPossible(MitigationKind kind) => kind is not MitigationKind.ToolBreaker;

    /// <summary>The next request.</summary>
    public void Add(in ReplayedRequest replayed)
    {
        _requests++;
        Book(replayed.At, replayed.Cost, Amount.Zero);
        if (!(mitigation.Kind is MitigationKind.RetryBudget ? _ofAnyTrigger : mitigation.Scope).Covers(replayed.Request)) return;
        _covered++;
        if (mitigation.Kind is MitigationKind.Coalesce) Coalesce(replayed);
        else if (Saved(replayed) is { } saved) Touch(replayed, saved);
    }

    /// <summary>The figures so far.</summary>
    public ReplayFigures Figures()
    {
        var (cost, saved) = (Amount.Sum(_hours.Values.Select(hour => hour.Cost)), Amount.Sum(_hours.Values.Select(hour => hour.Saved)));
        var share = cost == Amount.Zero ? 0 : (double)saved.Nanos / (double)cost.Nanos;
        return new(_requests, _covered, _touched, _users.Count, cost, saved, _cacheLost, 100 * share, PlusMinus(share, cost));
    }

    /// <returns>What the request would not have cost; null: it goes on as it is.</returns>
    private Amount? Saved(in ReplayedRequest replayed) => mitigation.Kind switch
    {
        MitigationKind.Off => replayed.Cost,
        MitigationKind.RateLimit or MitigationKind.RetryBudget =>
            _counts.Enter(replayed.Request, new TimeSpan(replayed.At.UnixMicros * TimeSpan.TicksPerMicrosecond)) is null ? null : replayed.Cost,
        MitigationKind.OutputCap or MitigationKind.ModelMap => replayed.Lowered == replayed.Cost ? null : replayed.Cost - replayed.Lowered,
        MitigationKind.CostCap => Capped(replayed),
        MitigationKind.Truncate => Truncated(replayed),
        _ => null,
    };

    private Amount? Truncated(in ReplayedRequest replayed)
    {
        if (_conversations?.Of(replayed) is not { } saving) return null;
        _cacheLost += saving.CacheLost;
        return saving.Saved;
    }

    private Amount? Capped(in ReplayedRequest replayed)
    {
        var window = (mitigation.Scope.User == MitigationScope.Each ? replayed.Request.User : null, Window.Of(WindowUnit.Hour, replayed.At, zone).Start);
        var spent = _spent.GetValueOrDefault(window) + replayed.Cost;
        if (spent > new Amount(mitigation.Rule.LimitNanos ?? 0)) return replayed.Cost;
        _spent[window] = spent;
        return null;
    }

    /// <summary>A request that is replaced is known to be when the next one comes.</summary>
    private void Coalesce(in ReplayedRequest replayed)
    {
        if (replayed.Request.User is null) return;
        var request = replayed.Request;
        var caller = new MitigatedCaller(request.Feature, Team: null, request.Key, Model: null, request.Trigger, request.User, replayed.Session);
        if (!_turns.TryGetValue(caller, out var turn)) _turns[caller] = turn = new();
        if (turn.Waiting is { } waiting)
        {
            if (replayed.At < turn.NextAt)
            {
                Touch(waiting, waiting.Cost);
                turn.Waiting = replayed;
                return;
            }

            (turn.Waiting, turn.NextAt) = (null, turn.NextAt + mitigation.Rule.Wait);
        }

        if (replayed.At < turn.NextAt) turn.Waiting = replayed;
        else turn.NextAt = replayed.At + mitigation.Rule.Wait;
    }

    private void Touch(in ReplayedRequest replayed, Amount saved)
    {
        _touched++;
        _users.Add(replayed.Request.User ?? $"key {replayed.Request.Key}");
        Book(replayed.At, Amount.Zero, saved);
    }

    private void Book(Instant at, Amount cost, Amount saved)
    {
        var hour = at.UnixMicros / Instant.MicrosPerHour;
        var (costs, savings) = _hours.GetValueOrDefault(hour);
        _hours[hour] = (costs + cost, savings + saved);
    }

    /// <summary>The error of a ratio of sums over hours.</summary>
    private double? PlusMinus(double share, Amount cost)
    {
        var hours = _hours.Values.Where(hour => hour.Cost > Amount.Zero).ToList();
        if (hours.Count < 3) return null;
        var squares = hours.Sum(hour => Math.Pow((double)hour.Saved.Nanos - share * (double)hour.Cost.Nanos, 2));
        return 196 * Math.Sqrt(squares * hours.Count / (hours.Count - 1)) / (double)cost.Nanos;
    }

    private sealed class Turn
    {
        public Instant NextAt { get; set; } = Instant.UnixEpoch;

        public ReplayedRequest? Waiting { get; set; }
    }
}
