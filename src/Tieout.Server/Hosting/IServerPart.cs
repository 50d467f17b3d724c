using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Server.Hosting;

/// <summary>A part of the server that another assembly brings, for example the console. Its endpoints pass the same gate as all others.</summary>
public interface IServerPart
{
    /// <summary>Adds what it needs, after the server's own.</summary>
    void Add(IServiceCollection services);

    /// <summary>Maps its endpoints, after the server's own; each has a policy of access.</summary>
    void Map(WebApplication app);
}
