using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tieout.Server.Configuration;

namespace Tieout.Server.Hosting;

/// <summary>Opens the server's own address and, where there is one, the operations address.</summary>
internal static class Listeners
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <exception cref="ConfigurationException">An address is not safe to open, or has no certificate.</exception>
    public static void Open(KestrelServerOptions server, ServerOptions options, TlsCertificate? certificate)
    {
        var main = Checked(options.Listen, options.Doors);
        Open(server, main, certificate, static _ => { });
        if (options.Doors.OperationsListen is { } operations)
        {
            Open(server, Checked(operations, options.Doors), certificate, static listen => listen.Use(MarkOperations));
        }
    }

    /// <summary>Plain HTTP carries keys and envelopes that anyone on the way can read.</summary>
    private static ListenAddress Checked(string text, DoorOptions doors)
    {
        var address = ListenAddress.Parse(text);
        if (address.IsTls && doors.Tls is null) throw new ConfigurationException($"'{text}' needs a certificate: set tls.certificate in tieout.yaml.");
        if (!address.IsTls && !address.IsLoopback && !doors.AllowPlainHttp)
        {
            throw new ConfigurationException(
                $"'{text}' would send keys over the network unencrypted: listen at https:// with tls.certificate, or set allow_plain_http: true where a proxy on the same host or a private network encrypts.");
        }

        return address;
    }

    private static void Open(KestrelServerOptions server, ListenAddress address, TlsCertificate? certificate, Action<ListenOptions> also)
    {
        Action<ListenOptions> configure = listen =>
        {
            also(listen);
            if (address.IsTls)
            {
                listen.UseHttps(
                    new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate!.Current), HandshakeTimeout = HandshakeTimeout });
            }
        };
        if (address.Address is null) server.ListenLocalhost(address.Port, configure);
        else if (address.Address.Equals(ListenAddress.Any)) server.ListenAnyIP(address.Port, configure);
        else server.Listen(new IPEndPoint(address.Address, address.Port), configure);
    }

    private static ConnectionDelegate MarkOperations(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(OperationsConnection.Mark);
        return next(connection);
    };
}

/// <summary>Marks a connection that came in at the operations address. No header can claim it.</summary>
internal sealed record OperationsConnection
{
    public static readonly OperationsConnection Mark = new();
}
