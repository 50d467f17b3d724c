using System.Text.Json.Serialization;

namespace Tieout.Server.SimulatedProvider;

/// <summary>One line of the provider's own bill: what it answered to one call and what that used.</summary>
/// <remarks>
/// A call that was answered with 200 is billed whole, whether or not the answer arrived: a provider has generated
/// what it cut off or what nobody waited for. Any other status used nothing.
/// </remarks>
/// <param name="Call">1 for the first call since the start or the last reset.</param>
/// <param name="Id">As in the answer, without the dialect's prefix; null when there was none.</param>
/// <param name="Fault">What was made to go wrong, in the form of <c>X-Sim-Fault</c>; null when nothing.</param>
/// <param name="AuthorizationSha256">Hexadecimal SHA-256 of the whole <c>Authorization</c> header; null when there was none. The header itself is kept nowhere.</param>
/// <param name="Headers">Those that say whose call it was: <c>X-Sim-*</c>, <c>Tieout-*</c>, correlation, request and trace ids.</param>
public sealed record ServedCall(
    long Call, DateTimeOffset At, string Dialect, int Status, string? Id, string? Model, bool Stream,
    int PromptTokens, int CachedTokens, int CompletionTokens, int ReasoningTokens,
    string? Fault, string? AuthorizationSha256, IReadOnlyDictionary<string, string> Headers);

/// <summary>The sum of the bill.</summary>
/// <param name="Calls">All that were answered, whatever the status.</param>
/// <param name="ByStatus">Calls by status code.</param>
/// <param name="Unlisted">Calls that are counted here but no longer listed in the log in memory, which has a limit.</param>
public sealed record ServedTotals(
    long Calls, long Billed, long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens,
    IReadOnlyDictionary<int, long> ByStatus, long Unlisted);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ServedCall))]
[JsonSerializable(typeof(IReadOnlyList<ServedCall>))]
[JsonSerializable(typeof(ServedTotals))]
internal sealed partial class ServedJson : JsonSerializerContext;
