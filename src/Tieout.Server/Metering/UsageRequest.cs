using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>What a list of usage was asked for with.</summary>
/// <remarks>A page begins with the newest rows, an export with the oldest, unless the request says otherwise.</remarks>
internal sealed record UsageRequest(OrgState Org, UsageFilter Filter, bool OldestFirst, UsagePlace? After, int Limit, string Format)
{
    /// <summary>The format that is a page and no export.</summary>
    public const string PageFormat = "json";

    private const string Newest = "newest";
    private const string Oldest = "oldest";

    private static readonly string[] Known =
    [
        "from", "to", .. UsageColumn.All.Select(column => column.Name), .. UsageColumn.All.Select(column => column.Label?.Synonym).OfType<string>(),
        "order", "limit", "cursor", "format", "issuer", "profile", "billing_currency", "credit_price",
    ];

    /// <exception cref="ApiRefusedException">A parameter is invalid or unknown.</exception>
    public static UsageRequest Read(HttpContext context, OrgState org)
    {
        Inputs.OnlyQuery(context, Known);
        var format = Inputs.Query(context, "format") ?? PageFormat;
        var order = Inputs.Query(context, "order") ?? (format == PageFormat ? Newest : Oldest);
        if (order is not (Newest or Oldest)) throw Refused($"'{Inputs.Shown(order)}' is not an order: write {Newest} or {Oldest}.");
        return new(org, Filtered(context, Range(context, org)), order == Oldest, Place(context), Inputs.Limit(context), format);
    }

    /// <summary>The filter with a value for each column that the request names.</summary>
    public static UsageFilter Filtered(HttpContext context, UsageFilter filter)
    {
        foreach (var column in UsageColumn.All)
        {
            foreach (var name in new[] { column.Name, column.Label?.Synonym }.OfType<string>())
            {
                if (Inputs.Query(context, name) is not { } value) continue;
                if (!column.IsValue(value)) throw Refused($"'{Inputs.Shown(value)}' is not a value of {name}: use {column.Form}.");
                filter = filter.Where(name, value);
            }
        }

        return filter;
    }

    public UsagePageQuery Page(UsagePlace? after, int rows) => new(Org, Filter, OldestFirst, after, rows);

    private static UsageFilter Range(HttpContext context, OrgState org)
    {
        var from = Inputs.Query(context, "from") is { } start ? Inputs.Time(start, org.Zone) : Instant.UnixEpoch;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, org.Zone) : Instant.EndOfTime;
        return to < from ? throw Refused("The range ends before it begins.") : new(org.Org.Id, from, to);
    }

    private static UsagePlace? Place(HttpContext context)
    {
        if (Inputs.Query(context, "cursor") is not { } text) return null;
        return UsagePlace.TryParse(text, out var place)
            ? place : throw Refused($"'{Inputs.Shown(text)}' is not a cursor of this list. Send the next_cursor of the page before.");
    }

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
