using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Gateway;

/// <summary>Log lines of a request's steps. No line has a prompt, a key or a provider's own words.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(EventId = LogEvents.ProviderUnreachable, Level = LogLevel.Warning, Message = "The provider {Provider} cannot be reached: {Reason}")]
    public static partial void ProviderUnreachable(this ILogger logger, string provider, string reason);

    [LoggerMessage(EventId = LogEvents.ProviderGaveNoAnswer, Level = LogLevel.Warning, Message = "The provider {Provider} gave no answer: {Reason}")]
    public static partial void ProviderGaveNoAnswer(this ILogger logger, string provider, string reason);

    [LoggerMessage(EventId = LogEvents.UsageNotSettled, Level = LogLevel.Error, Message = "The settlement of {UsageId} was refused: {Refusal}")]
    public static partial void UsageNotSettled(this ILogger logger, string usageId, Refusal refusal);

    [LoggerMessage(EventId = LogEvents.ResponseNotRecorded, Level = LogLevel.Error,
        Message = "The owner of the response {Response} could not be recorded: {Refusal}. Clients cannot read it again")]
    public static partial void ResponseNotRecorded(this ILogger logger, string response, Refusal refusal);
}
