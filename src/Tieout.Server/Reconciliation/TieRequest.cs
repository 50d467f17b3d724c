using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Bills;

namespace Tieout.Server.Reconciliation;

/// <summary>What a comparison was asked for with.</summary>
/// <param name="Org">Null: all, for a bill.</param>
/// <param name="Provider">Of a bill: whose usage it is for; null: the format's own.</param>
/// <param name="FromGiven">Null: from the beginning.</param>
/// <param name="ToGiven">Not included; null: to now.</param>
/// <param name="WrittenAt">When the other book was last written; null: not known.</param>
internal sealed record TieRequest(
    OrgState? Org, TieSpec Spec, string Format, string? Provider, string? Amount, string? Unit, Instant? FromGiven, Instant? ToGiven, Instant? WrittenAt,
    Instant Now)
{
    private static readonly string[] Formats = ["csv", "jsonl", .. BillFormat.All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The ledger takes usage up to five minutes ahead of its clock.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(2);

    public Instant From => FromGiven ?? Instant.UnixEpoch;

    public Instant To => ToGiven ?? Now + Ahead;

    public bool IsStale => WrittenAt is { } written && Now - written > Drift.StaleAfter;

    public static TieRequest Read(HttpContext context, OrgState? org, Instant now)
    {
        var format = Inputs.Query(context, "format") ?? "csv";
        if (!Formats.Contains(format)) throw Refused($"The format is one of {string.Join(", ", Formats)}.");
        var isBill = BillFormat.All.ContainsKey(format);
        if ((Inputs.Query(context, "key") ?? (isBill ? "day" : null)) is not { } key)
        {
            throw Refused("key is required: the fields to compare by, for example key=org,day.");
        }

        if (TieSpec.Parse(key, out var spec) is { } flaw) throw Refused(flaw);
        var from = Time("from");
        var to = Time("to");
        if (to <= from) throw Refused("The range ends before it begins.");
        return new(org, spec, format, Inputs.Query(context, "provider"), Inputs.Query(context, "amount"), Inputs.Query(context, "unit"), from, to,
            Time("last_write"), now);

        Instant? Time(string name) => Inputs.Query(context, name) is { } text ? Inputs.Time(text, isBill || org is null ? TimeZoneInfo.Utc : org.Zone) : null;
    }

    public CounterForm Counter(OrgState org) => new(
        org.Org.Id, Spec, Amount ?? throw Refused("amount is required: the column with the amounts, for example amount=usd."), UnitsPerMajor(org.Org), org.Zone,
        From, To);

    private int UnitsPerMajor(Org org)
    {
        var asset = org.Asset;
        switch (Unit)
        {
            case "usd" when asset == Asset.Usd.Code:
            case "credits":
                return 1;
            case "usd":
                throw Refused($"{org.Id} spends in {asset}: figures in usd cannot be compared with it.");
            case "cents":
                return 100;
            default:
                throw Refused("unit is required: usd, cents or credits.");
        }
    }

    private static ApiRefusedException Refused(string why) => new(ApiError.ParameterInvalid, why);
}
