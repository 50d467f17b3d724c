using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;

namespace Tieout.Server.Tests.Hosting;

/// <summary><c>X-Forwarded-*</c> is believed from the proxies that are configured, and from nobody else.</summary>
public sealed class TrustedProxyTests
{
    [Theory]
    [InlineData("", "10.1.2.3", "203.0.113.9", "10.1.2.3 http")]
    [InlineData("10.0.0.0/8", "10.1.2.3", "203.0.113.9", "203.0.113.9 https")]
    [InlineData("10.0.0.0/8", "192.0.2.1", "203.0.113.9", "192.0.2.1 http")]
    [InlineData("10.0.0.0/8", "10.1.2.3", "198.51.100.1, 203.0.113.9, 10.9.9.9", "203.0.113.9 https")]
    public async Task The_callers_address_is_the_last_that_no_trusted_proxy_has(string trusted, string from, string forwarded, string seen)
    {
        var doors = new DoorOptions { TrustedProxies = trusted.Length == 0 ? [] : [IPNetwork.Parse(trusted)] };
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddLogging();
        builder.Services.AddDoors(doors, certificate: null);
        await using var services = builder.Build();
        var app = new ApplicationBuilder(services.Services);
        app.UseDoors(doors);
        var answer = "";
        app.Run(context =>
        {
            answer = $"{context.Connection.RemoteIpAddress} {context.Request.Scheme}";
            return Task.CompletedTask;
        });
        var context = new DefaultHttpContext { RequestServices = services.Services };
        context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        context.Request.Scheme = "http";
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        context.Request.Headers["X-Forwarded-Proto"] = string.Join(", ", Enumerable.Repeat("https", forwarded.Split(',').Length));
        await app.Build()(context);

        Assert.Equal(seen, answer);
    }
}
