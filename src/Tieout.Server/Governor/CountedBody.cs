using Tieout.Server.Http;

namespace Tieout.Server.Governor;

/// <summary>A body without an announced length: what is read of it is taken from the shares of its caller.</summary>
internal sealed class CountedBody(Stream body, Visit visit, Resource resource) : ForwardStream
{
    /// <exception cref="OccupancyExceededException">A share is used up.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        return visit.TryTake(resource, read) is { } shortage ? throw new OccupancyExceededException(shortage) : read;
    }
}
