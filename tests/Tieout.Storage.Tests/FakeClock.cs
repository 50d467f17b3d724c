using Tieout.Core;

namespace Tieout.Storage.Tests;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class FakeClock : TimeProvider
{
    public Instant Now { get; set; } = Instant.From(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
}
