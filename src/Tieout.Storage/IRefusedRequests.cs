using Tieout.Core;

namespace Tieout.Storage;

/// <summary>Requests that the server refused, found by their correlation id for a day. No money, no part of the chain, no body and no secret.</summary>
/// <remarks>Bounded: <see cref="PerOrgMax"/> rows of an org, the newest. Everything throws <see cref="StoreUnavailableException"/> when the store
/// fails.</remarks>
public interface IRefusedRequests
{
    /// <summary>Rows of one org that are stored at most; strangers and the platform's own people count as one org.</summary>
    const int PerOrgMax = 10_000;

    static readonly TimeSpan StoredFor = TimeSpan.FromDays(1);

    /// <summary>Stores requests, and deletes those of the same orgs that are too old or too many.</summary>
    Task AddAsync(IReadOnlyList<RefusedRequest> requests, CancellationToken cancellationToken);

    /// <summary>The refused requests of an org with a correlation id, oldest first.</summary>
    /// <param name="org">Empty: requests of strangers and of the platform's own people.</param>
    /// <param name="since">Older ones are not returned, whether they are still stored or not.</param>
    Task<IReadOnlyList<RefusedRequest>> FindAsync(string org, string correlationId, Instant since, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes the requests before a time, of every org.</summary>
    Task ForgetAsync(Instant before, CancellationToken cancellationToken);
}

/// <param name="Org">Empty: the caller is unknown, or belongs to the platform.</param>
/// <param name="Token">The public id of the key or token; null: the caller is unknown.</param>
/// <param name="Route">The pattern of the endpoint, for example <c>/api/v1/orgs/{org}</c>; null: the address has no endpoint.</param>
/// <param name="Code">Of the error, for example <c>budget_exhausted</c>.</param>
public sealed record RefusedRequest(
    Guid Id, Instant At, string Org, string CorrelationId, string? Token, string? Address, string Method, string? Route, int Status, string Code);
