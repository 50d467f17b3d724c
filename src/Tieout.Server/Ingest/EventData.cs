using Tieout.Server.Errors;

namespace Tieout.Server.Ingest;

/// <summary>The data of an event: the members of plain records, with OpenMeter's on top. What is not known is the sender's own, and let be.</summary>
/// <param name="isOpenMeter">Whether <c>tokens</c> and <c>type</c> are read.</param>
internal readonly ref struct EventData(bool isOpenMeter)
{
    public void Read(ItemReader members)
    {
        var item = members.Item;
        long? tokens = null;
        string? type = null;
        while (item.Refusal is null && members.Next(out var name))
        {
            switch (name)
            {
                case "tokens" when isOpenMeter: tokens = UsageFields.Once(tokens, members.Count(name), name, item); break;
                case "type" when isOpenMeter: type = UsageFields.Once(type, members.Text(name), name, item); break;
                case "prompt_tokens" when isOpenMeter: item.InputTokens = UsageFields.Once(item.InputTokens, members.Count(name), name, item); break;
                case "completion_tokens" when isOpenMeter: item.OutputTokens = UsageFields.Once(item.OutputTokens, members.Count(name), name, item); break;
                default: UsageFields.TryRead(name, ref members); break;
            }
        }

        if (tokens is null) return;
        switch (type)
        {
            // The event's own type says which side these are.
            case null or "prompt" or "input" or "system" or "user": item.InputTokens = UsageFields.Once(item.InputTokens, tokens, "tokens", item); break;
            case "completion" or "output" or "response" or "assistant": item.OutputTokens = UsageFields.Once(item.OutputTokens, tokens, "tokens", item); break;
            default: item.Refuse(ApiError.ItemInvalid, "type must say whether the tokens are input or output."); break;
        }
    }
}
