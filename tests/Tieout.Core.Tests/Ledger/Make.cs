using Tieout.Core.Attribution;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Short ways to say a command. Amounts are in nano-units: small whole numbers.</summary>
internal static class Make
{
    public static AttemptId Id(int number) => new(new Guid(number, 0, 0, new byte[8]));

    public static UsageLabels Labels(string org = "acme", string? team = null, string? key = null, string? feature = null, string? model = "m") =>
        new() { Org = org, Team = team, Key = key, Feature = feature, Provider = "p", Model = model, Source = UsageSource.Gateway };

    /// <summary>Labels of which every part is there, and differs from its default.</summary>
    public static UsageLabels FullLabels { get; } = new()
    {
        Org = "o",
        Project = "p",
        Team = "t",
        Key = "k",
        Feature = "f",
        Provider = "openai",
        Model = "gpt-4o",
        Source = UsageSource.AppRuntime,
        Trigger = "retry",
        Runtime = new("app-1", "head", IsControlPlane: true, "burst", "scope", "kubernetes"),
    };

    public static Command OpenOrg(string org = "acme", BillingMode billing = BillingMode.Prepaid, long? creditLine = null, string zone = "UTC") =>
        new Command.OpenOrg(new Org(org, "USD", billing, creditLine, zone));

    public static Command Budget(long limit, BudgetScope? scope = null, WindowUnit window = WindowUnit.Day, bool hard = true, string zone = "UTC") =>
        new Command.SetBudget(new Budget(scope ?? new BudgetScope("acme"), window, new Amount(limit), hard, zone, Core.Budgets.Budget.DefaultThresholds));

    public static Command TopUp(Int128 amount, string id = "t1", string org = "acme") => new Command.TopUp(id, org, new Amount(amount));

    /// <summary>The command as a person asks for it.</summary>
    /// <param name="above">In nano-units: what moves more needs a second person; null: nothing does.</param>
    public static Command Asked(Command command, string by = "tok_ana", long? above = null, string proposal = "prop_1",
        string reason = "agreed in the contract", string? finding = null, string? person = null) => command with
        {
            Audit = new(new Actor(by, "finance", "corr-1", "203.0.113.9", "curl/8"), "POST /orgs/{org}/topups", "/orgs/acme/topups")
            {
                Person = person ?? by,
                Finding = finding,
                Approval = above is { } limit ? new(new Amount(limit), proposal, reason, TimeSpan.FromHours(1)) : null,
            },
        };

    public static Command Hold(MemoryLedger ledger, int id, long amount, UsageLabels? labels = null, string? user = null, int seconds = 60) =>
        new Command.PlaceHold(Id(id), labels ?? Labels(), user, $"op{id}", new Amount(amount), TimeSpan.FromSeconds(seconds));

    public static Command Settle(int id, long charge, UsageLabels? labels = null, string? user = null, Instant at = default) =>
        new Command.Settle(Priced(id, charge, labels, user, at));

    public static Command Charge(int id, Int128 charge, UsageLabels? labels = null, string? user = null, Instant at = default, bool fact = false) =>
        new Command.Charge(Priced(id, charge, labels, user, at), fact);

    public static Command Recharge(long[] postings, params Command[] charges) => new Command.Recharge(
        "acme", [.. postings.Select(posting => new Command.Correct($"r{posting}", "acme", posting, NewAmount: null, "late"))],
        [.. charges.Cast<Command.Charge>()]);

    public static PricedUsage Priced(int id, Int128 charge, UsageLabels? labels = null, string? user = null, Instant at = default) =>
        new(new UsageRecord(
            Id(id), labels ?? Labels(), $"op{id}", 1, null, null, null, user, at, 5, 200, new(10, 0, 0, 5, 0), UsageBasis.Reported, UsageFlags.None),
            Price, new Amount(charge), new Amount(charge));

    public static ProviderObject Object(string id, string org = "acme", bool isPending = true, AttemptId? attempt = null) =>
        new(org, ObjectKind.Response, id, "k1", attempt, attempt is null ? null : "op1", isPending, "{\"provider\":\"p\"}");

    /// <summary>The next step of an issuance, as a server would link it.</summary>
    /// <param name="previous">Null: the first.</param>
    public static LineageAppend Step(LineageRow? previous, string id = "attempt", string issuance = "i-1", string token = "a.b.c", int attemptNo = 1)
    {
        var root = Lineage.Root(LineageKey, issuance, token);
        var step = new LineageStep(LineageKind.Attempt, id, attemptNo, "k1", "p/m", new(5));
        return new(previous?.Link ?? root, "ek_1", Lineage.HashOf(token),
            Lineage.Append(LineageKey, issuance, previous?.Link ?? root, (previous?.No ?? 0) + 1, step));
    }

    /// <summary>Of the envelope key <c>ek_1</c> under <see cref="EnvelopeSecret"/>.</summary>
    public static byte[] LineageKey => EnvelopeSecret.Lineage("ek_1");

    public static EnvelopeSecret EnvelopeSecret { get; } = new("thirty-two bytes of a test secret"u8);

    public static ResolvedPrice Price { get; } = new("test@1", Asset.Usd, "p", "m", from: null, RateCard.Empty);
}
