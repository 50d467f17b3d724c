using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Ledger;

namespace Tieout.Server.Gateway;

/// <summary>Whether what a request may cost is held.</summary>
internal readonly record struct HoldResult
{
    private HoldResult(Figures? figures, GatewayRefusal? refused) => (Figures, Refused) = (figures, refused);

    [MemberNotNullWhen(true, nameof(Figures))]
    [MemberNotNullWhen(false, nameof(Refused))]
    public bool IsPlaced => Figures is not null;

    /// <summary>How account and budgets stand after the hold; null: nothing is held.</summary>
    public Figures? Figures { get; }

    /// <summary>Why nothing is held; null: it is.</summary>
    public GatewayRefusal? Refused { get; }

    public static HoldResult Placed(Figures figures) => new(figures, refused: null);

    public static HoldResult Refuse(GatewayRefusal refused) => new(figures: null, refused);
}
