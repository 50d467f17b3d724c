using Tieout.Server.Errors;

namespace Tieout.Server.Governor;

/// <summary>A share of the server is used up; becomes the answer of the request.</summary>
internal sealed class OccupancyExceededException(Shortage shortage) : Exception(Sentence(shortage))
{
    public ApiError Error { get; } = shortage.Holder is ShareHolder.All ? ApiError.ServerBusy : ApiError.OccupancyExceeded;

    private static string Sentence(Shortage shortage)
    {
        var holder = shortage.Holder switch { ShareHolder.Caller => "This key or token", ShareHolder.Org => "The org", _ => "All callers together" };
        var what = shortage.Resource switch
        {
            Resource.Requests => "requests in flight",
            Resource.BodyBytes => "bytes of request bodies in memory",
            _ => "bytes of files being uploaded",
        };
        var limit = GovernorMetrics.Name(shortage.Resource)
            + shortage.Holder switch { ShareHolder.Caller => "_per_caller", ShareHolder.Org => "_per_org", _ => "" };
        return $"{holder} may have {shortage.Limit} {what} (governor.{limit}), and this request would exceed that. Try again when other requests have ended.";
    }
}
