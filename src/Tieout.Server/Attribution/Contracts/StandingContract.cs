using System.Text.Json;
using Tieout.Core.Attribution.Contracts;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>A version of a contract as it was set.</summary>
/// <param name="Ended">Nothing is checked against it any more.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="SetBy">The id of the token that set or ended it.</param>
public sealed record StandingContract(JoinContract Contract, bool Ended, string Reason, string SetBy, DateTimeOffset SetAt)
{
    internal string ToJson() => JsonSerializer.Serialize(this, ContractJson.Default.StandingContract);

    /// <exception cref="JsonException">Not a contract's JSON.</exception>
    internal static StandingContract Parse(string json) =>
        JsonSerializer.Deserialize(json, ContractJson.Default.StandingContract) ?? throw new JsonException("A join contract is null.");
}
