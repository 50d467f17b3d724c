using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Ledger;

/// <summary>The turns of a call that wants the next number of a <see cref="Core.Ledger.NumberSequence"/>. Two calls at the same time want the same number; one
/// gets it, and the other takes another turn.</summary>
internal struct NumberTurns
{
    private const int TurnsMax = 20;

    private int _begun;

    /// <summary>Begins the next turn.</summary>
    /// <exception cref="ApiRefusedException">Others took the number in every turn so far.</exception>
    public void Begin()
    {
        if (++_begun > TurnsMax) throw new ApiRefusedException(ApiError.StoreUnavailable, "Too many concurrent requests for the next number. Try again.");
    }
}
