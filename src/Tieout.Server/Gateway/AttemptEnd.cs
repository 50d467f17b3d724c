using System.Diagnostics.CodeAnalysis;

namespace Tieout.Server.Gateway;

/// <summary>How an attempt ended.</summary>
internal readonly record struct AttemptEnd
{
    private AttemptEnd(FailedAttempt? failure, TimeSpan? pause) => (Failure, Pause) = (failure, pause);

    /// <summary>The client has its answer, or has been told why there is none. No attempt follows.</summary>
    public static AttemptEnd Answered => default;

    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsAnswered => Failure is null;

    /// <summary>The error that the client gets if no later attempt is answered. Null: the client has an answer.</summary>
    public FailedAttempt? Failure { get; }

    /// <summary>How long to wait before the next attempt; null: there is none.</summary>
    public TimeSpan? Pause { get; }

    public static AttemptEnd Failed(FailedAttempt failure, TimeSpan? pause) => new(failure, pause);
}
