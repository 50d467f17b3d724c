using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>What became of the outbox's messages at each endpoint: who has still to get what, and who works at it.</summary>
/// <remarks>
/// A message is delivered at least once. Those of one org to one endpoint go one after another, each when the one before has ended: that is a
/// <see cref="Lane"/>, and one node works at a lane at a time. These rows are ordinary ones: changed as deliveries go on, no money, no part of the chain.
/// Everything throws <see cref="StoreUnavailableException"/> when the store fails; nothing is lost by it.
/// </remarks>
public interface IDeliveries
{
    /// <summary>Gives every new message of the outbox to the endpoints that want it.</summary>
    /// <param name="subscriptions">Asked only when there is something new, and after it was seen: an endpoint set before a message is in them.</param>
    /// <returns>How many deliveries there are now to make.</returns>
    Task<int> RouteAsync(Func<IReadOnlyList<Subscription>> subscriptions, CancellationToken cancellationToken);

    /// <summary>Takes lanes in which something is due. Another node gets none of them before the lease is over.</summary>
    /// <param name="except">Endpoints that are not to be asked more of now.</param>
    Task<IReadOnlyList<Lane>> ClaimAsync(TimeSpan lease, int max, IReadOnlyCollection<string> except, CancellationToken cancellationToken);

    /// <summary>What waits in a lane, oldest first.</summary>
    Task<IReadOnlyList<WaitingMessage>> WaitingAsync(Lane lane, int limit, CancellationToken cancellationToken);

    /// <summary>Writes down what became of an attempt, and renews the lease.</summary>
    /// <returns>False: the lease was over and is another's by now. Nothing was written.</returns>
    Task<bool> RecordAsync(Lane lane, DeliveryAttempt attempt, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives a lane back: to be looked at after <paramref name="pause"/> if something waits in it.</summary>
    Task ReleaseAsync(Lane lane, TimeSpan pause, CancellationToken cancellationToken);

    /// <summary>Everything that waits for an endpoint which is no more is dropped.</summary>
    Task DropAsync(Lane lane, CancellationToken cancellationToken);

    /// <summary>Newest messages first.</summary>
    Task<IReadOnlyList<Delivery>> ListAsync(DeliveryFilter filter, CancellationToken cancellationToken);

    /// <summary>Dead deliveries wait again, as if never tried.</summary>
    /// <returns>How many.</returns>
    Task<int> ReplayAsync(DeliveryFilter filter, CancellationToken cancellationToken);

    /// <summary>Lets go of what was delivered or dropped of messages recorded before a time. The messages themselves stay.</summary>
    /// <returns>How many.</returns>
    Task<int> ForgetAsync(Instant before, CancellationToken cancellationToken);

    Task<DeliveriesHealth> HealthAsync(CancellationToken cancellationToken);
}

/// <summary>What an endpoint wants.</summary>
/// <param name="Org">Null: of the platform and of every org.</param>
/// <param name="Types">For example <c>invoice.issued</c>, or <c>budget.*</c>; empty: all.</param>
/// <param name="Since">What was recorded before is not for it.</param>
public sealed record Subscription(string Endpoint, string? Org, ImmutableArray<string> Types, Instant Since)
{
    public bool Wants(OutboxRow message) =>
        message.RecordedAt >= Since && (Org is null || string.Equals(Org, message.Org, StringComparison.Ordinal))
        && (Types.IsDefaultOrEmpty || Types.Any(type => IsOf(type, message.Type)));

    private static bool IsOf(string wanted, string type) =>
        wanted.EndsWith('*') ? type.StartsWith(wanted[..^1], StringComparison.Ordinal) : string.Equals(wanted, type, StringComparison.Ordinal);
}

/// <summary>The messages of one org to one endpoint, and this node's lease of them.</summary>
/// <param name="Org">Empty: the platform's own.</param>
public sealed record Lane(int Bucket, string Endpoint, string Org, Guid Lease);

/// <param name="Attempts">Made so far.</param>
public sealed record WaitingMessage(OutboxRow Message, int Attempts)
{
    public string MessageId => MessageIdOf(Message.Org, Message.Id);

    /// <summary>The same wherever and whenever the message is sent, so that a receiver can tell what it has seen.</summary>
    public static string MessageIdOf(string org, string id) =>
        "evt_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{org}\n{id}")).AsSpan(0, 16));
}

/// <param name="Status">Of the answer; null: there was none.</param>
/// <param name="Error">Why it failed, in a few words; null: it did not.</param>
public sealed record DeliveryAttempt(long Seq, DeliveryState State, Instant At, int DurationMs, int? Status, string? Error);

/// <summary>Stored: a released value is never renumbered.</summary>
public enum DeliveryState
{
    Waiting = 0,
    Delivered = 1,

    /// <summary>Given up after too many attempts; see <see cref="IDeliveries.ReplayAsync"/>.</summary>
    Dead = 2,

    /// <summary>Its endpoint was removed first.</summary>
    Dropped = 3,
}

/// <param name="Seq">Of the message in the outbox.</param>
/// <param name="Status">Of the last answer.</param>
public sealed record Delivery(
    string Endpoint, string Org, long Seq, string MessageId, string Type, DeliveryState State, int Attempts, Instant RecordedAt, Instant? FirstAt,
    Instant? LastAt,
    int DurationMs, int? Status, string? Error);

/// <summary>Which deliveries. Null: any.</summary>
public sealed record DeliveryFilter(
    string? Org = null, string? Endpoint = null, string? MessageId = null, DeliveryState? State = null, int Limit = 100, long? Seq = null);

/// <param name="OldestWaiting">When the message was recorded that has waited longest; null: none waits.</param>
public sealed record DeliveriesHealth(long Waiting, Instant? OldestWaiting, long Dead);
