using System.Collections.Frozen;

namespace Tieout.Server.Configuration;

/// <summary>The forms of bill that a configuration may name. Reconciliation reads exactly these.</summary>
internal static class BillFormatNames
{
    public static readonly FrozenSet<string> All = FrozenSet.Create(
        StringComparer.Ordinal, "openai-costs", "openai-usage", "anthropic-cost", "anthropic-usage", "openrouter", "focus", "opencost");
}
