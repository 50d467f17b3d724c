using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Server.Gateway.Signals;

/// <summary>How many requests or answers of an hour had a trait.</summary>
/// <param name="Feature">Empty: the request named none.</param>
/// <param name="Signal"><see cref="Agent"/> or <see cref="Finish"/>.</param>
/// <param name="Value">A word of <see cref="Core.Spike.AgentClass"/> or <see cref="Core.Spike.FinishReason"/>.</param>
public sealed record SignalCount(string Feature, string Signal, string Value, long Count)
{
    /// <summary>Of requests: what kind of program sent them.</summary>
    public const string Agent = "agent";

    /// <summary>Of answers: why they ended.</summary>
    public const string Finish = "finish";
}

/// <summary>What requests of an hour were like, as one server counted them for one org.</summary>
public sealed record SignalHour(IReadOnlyList<SignalCount> Counts)
{
    public string ToJson() => JsonSerializer.Serialize(this, SignalJson.Default.SignalHour);

    /// <exception cref="JsonException">Not such an hour's JSON.</exception>
    public static SignalHour Parse(string json) =>
        JsonSerializer.Deserialize(json, SignalJson.Default.SignalHour) ?? throw new JsonException("An hour of signals is null.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SignalHour))]
internal sealed partial class SignalJson : JsonSerializerContext;
