using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>Random charges and corrections of an org, in and around November 2025: on the 2nd, the clocks of New York go back.</summary>
internal sealed class SpendTraffic(ApiWorld world, string org, TimeZoneInfo zone, Random random)
{
    private static readonly Instant Begin = Instant.From(new(2025, 10, 28, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int _commands;

    public TimeZoneInfo Zone => zone;

    public Month Month { get; } = new(2025, 11);

    public static async Task<SpendTraffic> OpenAsync(ApiWorld world, string org, string zone, int seed)
    {
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, zone))));
        return new(world, org, TimeZoneInfo.FindSystemTimeZoneById(zone), new(seed));
    }

    public DateOnly Today() => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(DateTimeOffset.UtcNow, zone).DateTime);

    public async Task RandomAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (random.Next(4) > 0) Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(Charge(At(), Labels())));
            else
            {
                var amount = random.Next(2) == 0 ? null as Amount? : new Amount(random.NextInt64(1L << 40));
                await world.Ledger.SubmitAsync(new Command.Correct($"c{_commands++}", org, random.Next(1, 2 + _commands), amount, "by chance"));
            }
        }
    }

    /// <summary>One charge for each of some hours and triggers.</summary>
    public async Task SpreadAsync(int hours, int triggers)
    {
        var commands = Enumerable.Range(0, hours * triggers).Select(i => Charge(
            Begin + TimeSpan.FromHours(24 * 6 + i / triggers), Labels() with { Trigger = string.Create(CultureInfo.InvariantCulture, $"t{i % triggers}") }));
        foreach (var part in commands.Chunk(2_000)) Assert.All(await world.Ledger.SubmitAsync(part), outcome => Assert.IsType<Outcome.Done>(outcome));
    }

    public async Task<SpendRows> RowsAsync()
    {
        var (usage, postings) = (new List<UsageRow>(), new List<Posting>());
        await foreach (var row in world.Ledger.Read.UsageAsync(new(org, Instant.UnixEpoch, Instant.EndOfTime), Stop)) usage.Add(row);
        await foreach (var posting in world.Ledger.Read.PostingsAsync(org, Instant.UnixEpoch, Instant.EndOfTime, 0, Stop)) postings.Add(posting);
        Assert.Contains(postings, posting => posting.Kind == PostingKind.ReEntry);
        return new(usage, postings, zone);
    }

    // Every second charge is within some hours of the change of clocks, and of the edges of the month in all zones.
    private Instant At() => random.Next(2) == 0
        ? Begin + TimeSpan.FromSeconds(random.Next(38 * 24 * 3_600))
        : Begin + TimeSpan.FromHours(random.Next(2) == 0 ? 3 * 24 : 33 * 24) + TimeSpan.FromMinutes(random.Next(3 * 24 * 60));

    private UsageLabels Labels()
    {
        string? Any(params string?[] names) => names[random.Next(names.Length)];
        var runtime = random.Next(3) == 0 ? new RuntimeLabels(Any("rent-1", "rent-2"), Any("worker", "head"), random.Next(2) == 0, null, null, null) : null;
        return new()
        {
            Org = org,
            Project = Any("web", "batch", null),
            Team = Any("red", "blue", null),
            Key = Any("key_1", "key_2", null),
            Feature = Any("chat", "search", null),
            Provider = Any("openai", "anthropic"),
            Model = Any("gpt-4o", "claude", "own"),
            Trigger = Any("user", "retry", null),
            Source = runtime is null ? UsageSource.Gateway : UsageSource.AppRuntime,
            Runtime = runtime,
        };
    }

    private Command.Charge Charge(Instant at, UsageLabels labels)
    {
        var no = ++_commands;
        var counts = new UsageCounts(random.Next(100, 10_000), random.Next(50), random.Next(50), random.Next(5_000), random.Next(20));
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, $"op-{no}", 1, random.Next(3) == 0 ? null : $"run-{random.Next(4)}", null, null,
            random.Next(4) == 0 ? null : $"user-{random.Next(6)}", at, 12, random.Next(5) == 0 ? 500 : 200, counts,
            UsageBasis.Reported, UsageFlags.None);
        return new(new(usage, null, Amount(), Amount()), Fact: true);
    }

    private Amount Amount() => new(random.NextInt64(1L << random.Next(1, 40)));
}

/// <summary>The rows of an org, from which a report is made naively.</summary>
internal sealed class SpendRows(IReadOnlyList<UsageRow> usage, IReadOnlyList<Posting> postings, TimeZoneInfo zone)
{
    /// <summary>Each group with its figures, in words.</summary>
    public List<string> Expected(string by, Instant from, Instant to) => Expected(by, from, to, _ => true);

    /// <inheritdoc cref="Expected(string, Instant, Instant)"/>
    public List<string> Expected(string by, Instant from, Instant to, Func<UsageRecord, bool> where)
    {
        var records = usage.Where(row => where(row.Usage)).ToDictionary(row => row.Seq, row => row.Usage);
        bool IsIn(Instant at) => from <= at && at < to;
        string Group(UsageRecord of, Instant at) => string.Join(' ', by.Split(',').Select(name => Value(name, of, at) ?? "-"));
        var attempts = usage.Where(row => records.ContainsKey(row.Seq) && IsIn(row.EffectiveAt)).ToLookup(row => Group(row.Usage, row.EffectiveAt));
        var moved = postings.Where(posting => records.ContainsKey(posting.UsageSeq) && IsIn(posting.EffectiveAt))
            .ToLookup(posting => Group(records[posting.UsageSeq], posting.EffectiveAt));
        return [.. attempts.Select(group => group.Key).Union(moved.Select(group => group.Key)).Select(group =>
        {
            var (rows, entries) = (attempts[group].ToList(), moved[group].ToList());
            return $"{group}: {rows.Count} {rows.Count(row => row.Usage.StatusCode == 500)} {rows.Sum(row => row.Usage.Counts.InputTokens)} "
                + $"{rows.Sum(row => row.Usage.Counts.CacheReadTokens)} {rows.Sum(row => row.Usage.Counts.OutputTokens)} "
                + $"{rows.Sum(row => row.Usage.Counts.ReasoningTokens)} {rows.Sum(row => row.ProviderCost)} {entries.Sum(Signed)} "
                + $"{entries.Where(entry => entry.Kind != PostingKind.Charge).Sum(Signed)}";
        }).Order(StringComparer.Ordinal)];
    }

    private static Amount Signed(Posting posting) => posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;

    private string? Value(string name, UsageRecord record, Instant at) => name switch
    {
        "org" => record.Labels.Org,
        "day" => TimeZoneInfo.ConvertTime(at.ToDateTimeOffset(), zone).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        "hour" => at.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:00'Z'", CultureInfo.InvariantCulture),
        "project" => record.Labels.Project,
        "team" => record.Labels.Team,
        "key" => record.Labels.Key,
        "feature" => record.Labels.Feature,
        "provider" => record.Labels.Provider,
        "model" => record.Labels.Model,
        "source" => SnakeCase.Of(record.Labels.Source),
        "trigger" => record.Labels.Trigger,
        "app_instance" => record.Labels.Runtime?.AppInstance,
        "component" => record.Labels.Runtime?.Component,
        "user" or "tag:user" => record.EndUser,
        "workflow" => record.WorkflowId,
        "status" => record.StatusCode.ToString(CultureInfo.InvariantCulture),
        "basis" => SnakeCase.Of(record.Basis),
        _ => throw new ArgumentException(name),
    };
}
