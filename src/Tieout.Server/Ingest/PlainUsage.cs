using System.Text.Json;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>Usage records as we export them: a JSON array, or an object with the array <c>items</c>.</summary>
internal static class PlainUsage
{
    /// <exception cref="ApiRefusedException">See <see cref="JsonItems.Read"/>.</exception>
    public static List<UsageItem> Read(ReadOnlySpan<byte> body) => JsonItems.Read(body, wrapped: true, Parse, out _);

    private static UsageItem Parse(ref Utf8JsonReader json, int index)
    {
        var item = new UsageItem(index);
        var members = new ItemReader(json, item);
        var hasSource = false;
        while (item.Refusal is null && members.Next(out var name))
        {
            switch (name)
            {
                case "id":
                    item.Id = UsageFields.Once(item.Id, members.Text(name), name, item);
                    break;
                case "source":
                    item.Source = UsageFields.Once(hasSource ? item.Source : null, members.Label(name), name, item) ?? item.Source;
                    hasSource = true;
                    break;
                case "occurred_at":
                    item.OccurredAt = UsageFields.Once(item.OccurredAt, members.Time(name), name, item);
                    break;
                default:
                    // A misspelt member is usage that would go uncounted.
                    if (!UsageFields.TryRead(name, ref members)) item.Refuse(ApiError.ItemInvalid, $"The member '{Inputs.Shown(name)}' is unknown.");
                    break;
            }
        }

        json = members.Json;
        item.Check("occurred_at");
        return item;
    }
}
