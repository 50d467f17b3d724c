using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>How the parts of a contract are said.</summary>
public static class ContractNames
{
    /// <summary>What a value of the form is.</summary>
    public static string Of(ContractKeyType type) => type switch
    {
        ContractKeyType.Uuid => "a UUID",
        ContractKeyType.Hex32 => "32 hexadecimal digits",
        ContractKeyType.Integer => "a whole number",
        _ => "any name",
    };

    public static string Of(UsageSource source) => JsonNamingPolicy.SnakeCaseLower.ConvertName(source.ToString());
}
