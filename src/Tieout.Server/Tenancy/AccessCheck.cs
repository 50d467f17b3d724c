using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Tieout.Server.Tenancy;

/// <summary>Stops a start before the server listens if an endpoint has no <see cref="Access"/>.</summary>
internal sealed class AccessCheck : IHostedLifecycleService
{
    private IEndpointRouteBuilder? _routes;

    /// <summary>Set once, when the server is put together.</summary>
    public void Watch(IEndpointRouteBuilder routes) => _routes = routes;

    /// <exception cref="InvalidOperationException">Names the endpoints without a policy.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var open = (_routes ?? throw new InvalidOperationException("The access check has no routes to check.")).DataSources
            .SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<Access>() is null).Select(endpoint => endpoint.DisplayName).ToList();
        return open.Count == 0 ? Task.CompletedTask
            : throw new InvalidOperationException(
                $"These endpoints have no access policy: {string.Join("; ", open)}. Give each one with Allow(...) where it is mapped.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
