using System.Text.Json.Serialization;

namespace Tieout.Core.Guard;

/// <summary>What a policy does with an action that is not bound to its owner. Stored by name.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuardMode>))]
public enum GuardMode
{
    /// <summary>Allows everything.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>Allows it, and records what it would have blocked.</summary>
    [JsonStringEnumMemberName("shadow")]
    Shadow,

    /// <summary>Blocks it.</summary>
    [JsonStringEnumMemberName("enforce")]
    Enforce,
}
