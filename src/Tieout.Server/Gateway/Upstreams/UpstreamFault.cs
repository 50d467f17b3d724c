using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Classifies failed requests: by whether the provider may have worked on them, and by the error that a client gets.</summary>
internal static class UpstreamFault
{
    /// <summary>No connection was made, so nothing was sent. After any other failure the provider may have the request.</summary>
    public static bool NeverReached(Exception error, AttemptDeadline deadline) => error switch
    {
        HttpRequestException http => http.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,

        // The handler's own time-out for connecting.
        OperationCanceledException { InnerException: TimeoutException } => !deadline.IsOver,
        _ => false,
    };

    /// <summary>The error that a client gets.</summary>
    public static ApiError ErrorOf(Exception error, AttemptDeadline deadline) =>
        NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed;

    /// <summary>What happened, for a log. Not the message: once there is an answer, it quotes what the provider wrote.</summary>
    public static string Kind(Exception error) => error switch
    {
        HttpRequestException http => $"{http.HttpRequestError}",
        HttpIOException io => $"{io.HttpRequestError}",
        _ => error.GetType().Name,
    };
}
