using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Server.Api;
using Tieout.Server.Errors;

namespace Tieout.Server.Reconciliation;

/// <summary>What a comparison was asked for with.</summary>
/// <param name="FromGiven">Null: from the beginning.</param>
/// <param name="ToGiven">Not included; null: to now.</param>
/// <param name="WrittenAt">When the other book was last written; null: not known.</param>
internal sealed record TieRequest(
    OrgState Org, TieSpec Spec, string Format, string? Amount, string? Unit, Instant? FromGiven, Instant? ToGiven, Instant? WrittenAt, Instant Now)
{
    private static readonly string[] Formats = ["csv", "jsonl"];

    /// <summary>The ledger takes usage up to five minutes ahead of its clock.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(2);

    public Instant From => FromGiven ?? Instant.MinValue;

    public Instant To => ToGiven ?? Now + Ahead;

    public bool IsStale => WrittenAt is { } written && Now - written > Drift.StaleAfter;

    public static TieRequest Read(HttpContext context, OrgState org, Instant now)
    {
        var format = Inputs.Query(context, "format") ?? "csv";
        if (!Formats.Contains(format)) throw Refused($"The format is one of {string.Join(", ", Formats)}.");
        if (Inputs.Query(context, "key") is not { } key) throw Refused("Say what to compare by, such as key=org,day.");
        if (TieSpec.Parse(key, out var spec) is { } flaw) throw Refused(flaw);
        var from = Time("from");
        var to = Time("to");
        if (to <= from) throw Refused("The range ends before it begins.");
        return new(org, spec, format, Inputs.Query(context, "amount"), Inputs.Query(context, "unit"), from, to, Time("last_write"), now);

        Instant? Time(string name) => Inputs.Query(context, name) is { } text ? Inputs.Time(text, org.Zone) : null;
    }

    public CounterForm Counter() => new(
        Org.Org.Id, Spec, Amount ?? throw Refused("Say which column holds the amount: amount=COLUMN."), UnitsPerMajor(), Org.Zone, From, To);

    private int UnitsPerMajor()
    {
        var asset = Org.Org.Asset;
        switch (Unit)
        {
            case "usd" when asset == Asset.Usd.Code:
            case "credits":
                return 1;
            case "usd":
                throw Refused($"{Org.Org.Id} spends in {asset}: figures in usd cannot be compared with it.");
            case "cents":
                return 100;
            default:
                throw Refused("Say the unit of the amounts: usd, cents or credits.");
        }
    }

    private static ApiRefusedException Refused(string why) => new(ApiError.ParameterInvalid, why);
}
