using System.Text.Json;
using Tieout.Core.Ledger.Tools;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>Calls of tools: a JSON array, or an object with the array <c>items</c>.</summary>
internal static class ToolCallItems
{
    /// <exception cref="ApiRefusedException">See <see cref="JsonItems.Read"/>.</exception>
    public static List<UsageItem> Read(ReadOnlySpan<byte> body) => JsonItems.Read(body, wrapped: true, Parse, out _);

    private static UsageItem Parse(ref Utf8JsonReader json, int index)
    {
        var item = new UsageItem(index) { Source = ToolCall.ProviderSource };
        var members = new ItemReader(json, item);
        var hasSource = false;
        while (item.Refusal is null && members.Next(out var name))
        {
            switch (name)
            {
                case "id": item.Id = UsageFields.Once(item.Id, members.Text(name), name, item); break;
                case "source":
                    item.Source = UsageFields.Once(hasSource ? item.Source : null, members.Label(name), name, item) ?? item.Source;
                    hasSource = true;
                    break;
                case "occurred_at": item.OccurredAt = UsageFields.Once(item.OccurredAt, members.Time(name), name, item); break;
                case "org" or "org_id": item.Org = UsageFields.Once(item.Org, members.Label(name), name, item); break;
                case "feature": item.Feature = UsageFields.Once(item.Feature, members.Label(name), name, item); break;
                case "tool" or "tool_name": item.Tool = UsageFields.Once(item.Tool, members.Label(name), name, item); break;
                case "failed": item.Failed = UsageFields.Once(item.Failed, Flag(ref members, name), name, item); break;
                case "success": item.Failed = UsageFields.Once(item.Failed, !Flag(ref members, name), name, item); break;
                case "retries": item.Retries = (int)(members.Whole(name, ToolCall.RetriesMax) ?? 0); break;
                case "error": item.Error = UsageFields.Once(item.Error, members.Label(name), name, item); break;
                case "operation_id": item.OperationId = UsageFields.Once(item.OperationId, members.Text(name), name, item); break;
                default: item.Refuse(ApiError.ItemInvalid, $"The member '{Inputs.Shown(name)}' is unknown."); break;
            }
        }

        json = members.Json;
        item.CheckToolCall("occurred_at");
        return item;
    }

    private static bool? Flag(ref ItemReader json, string name)
    {
        if (json.IsNull) return null;
        if (json.Json.TokenType is JsonTokenType.True or JsonTokenType.False) return json.Json.TokenType is JsonTokenType.True;
        json.Item.Refuse(ApiError.ItemInvalid, $"{name} must be true or false.");
        return null;
    }
}
