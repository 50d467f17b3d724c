using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Server.Tests.Outbox;

/// <param name="Status">What the receiver answered.</param>
internal sealed record Received(string Id, string Timestamp, string Signature, string Body, int Status)
{
    public string Type => JsonDocument.Parse(Body).RootElement.GetProperty("type").GetString()!;

    /// <summary>As a receiver checks it, from the secret it was shown: by the words of Standard Webhooks, not by our code.</summary>
    public bool IsSignedBy(string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{Id}.{Timestamp}.{Body}")));
        return Signature.Split(' ').Contains(expected);
    }
}

/// <summary>A real endpoint on a port of this machine, that answers as a test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Received> Seen { get; } = [];

    /// <summary>Null: 204 at once.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public string Url => _app.Urls.First() + "/hook";

    public static async Task<Receiver> StartAsync(string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Services.AddRouting();
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public IEnumerable<Received> Taken => Seen.Where(received => received.Status is >= 200 and < 300);

    public async Task<List<Received>> WaitForAsync(int count, int seconds = 20)
    {
        for (var i = 0; i < seconds * 50; i++)
        {
            if (Taken.Count() >= count) return [.. Taken];
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException($"{Taken.Count()} of {count} came: {string.Join(", ", Seen.Select(received => $"{received.Type} {received.Status}"))}");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        try
        {
            if (Answer is { } answer) await answer(context);
        }
        finally
        {
            var headers = context.Request.Headers;
            Seen.Enqueue(new(headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), body,
                context.Response.StatusCode));
        }
    }
}
