namespace Tieout.Server.SimulatedProvider;

/// <summary>The little that the simulation needs of a request, whatever its dialect.</summary>
/// <param name="UsageAsked">In a stream: whether the last events are to say what was used.</param>
/// <param name="CompletionTokensMax">Null: no limit asked for.</param>
/// <param name="TextBytes">UTF-8 bytes of the prompt's text as sent, JSON escapes counted.</param>
internal sealed record SimulatedRequest(string Model, bool Stream, bool UsageAsked, int? CompletionTokensMax, long TextBytes);

/// <summary>The request is not one that a provider would answer: 400 with this message, naming the field.</summary>
internal sealed class SimulatedRequestException(string message, string? field) : Exception(message)
{
    public string? Field { get; } = field;
}
