using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Which operations are looked at: of an org or of all, recorded in a half-open range.</summary>
/// <param name="Org">Null: all.</param>
internal sealed record LineageRange(OrgState? Org, Instant From, Instant To, Instant Now)
{
    private static readonly TimeSpan Default = TimeSpan.FromDays(7);

    /// <exception cref="ApiRefusedException">There is no such org, a time cannot be read, or the range ends before it begins.</exception>
    public static LineageRange Of(ILedger ledger, string? org, string? from, string? to, Instant now)
    {
        var state = org is null ? null : Inputs.Org(ledger, org);
        var zone = state?.Zone ?? TimeZoneInfo.Utc;

        // What was recorded in this very moment is in the range, too.
        var end = to is null ? now + TimeSpan.FromMinutes(1) : Inputs.Time(to, zone);
        var begin = from is null ? end - Default : Inputs.Time(from, zone);
        return begin < end ? new(state, begin, end, now)
            : throw new ApiRefusedException(ApiError.ParameterInvalid, $"The range from {begin} to {end} ends before it begins: set 'from' before 'to'.");
    }
}
