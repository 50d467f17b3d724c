namespace Tieout.Core.Pricing;

/// <summary>Placeholder until the pricing branch lands.</summary>
public sealed record ResolvedPrice(string Json)
{
    public static ResolvedPrice Parse(string json) => new(json);

    public string ToJson() => Json;
}
