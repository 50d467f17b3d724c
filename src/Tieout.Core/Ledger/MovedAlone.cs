using System.Globalization;
using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The sum that one person moved by hand in an org today (UTC) without a second person. Many small actions are one large action (U1).</summary>
/// <remarks>Stored as a record of the org, in the commit of the action, so that every node and every restart knows the same sum.</remarks>
internal static class MovedAlone
{
    public static RecordKey Key(string org, string person) => new(RecordKind.MovedAlone, org, person);

    /// <summary>The sum so far, in nano-units.</summary>
    public static Int128 Of(Draft draft, string org, string person)
    {
        if (draft.Record(Key(org, person)) is not { } row) return 0;
        using var json = JsonDocument.Parse(row.Body);
        return json.RootElement.GetProperty("day").ValueEquals(Day(draft.Now)) ? Amount.Parse(json.RootElement.GetProperty("moved").GetString()!).Nanos : 0;
    }

    /// <summary>Adds an action that was carried out to the sum.</summary>
    public static void Add(Draft draft, string org, string person, Int128 nanos)
    {
        if (nanos == 0) return;
        var moved = new Amount(Of(draft, org, person) + nanos);
        draft.Add(Key(org, person), Details.Write(json =>
        {
            json.WriteString("day", Day(draft.Now));
            json.WriteString("moved", moved.ToString());
        }));
    }

    private static string Day(Instant now) => now.ToDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
