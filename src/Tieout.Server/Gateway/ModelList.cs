using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary><c>GET /v1/models</c>: what a key's holder may ask for, in OpenAI's form.</summary>
internal sealed class ModelList(CurrentKeys keys, CurrentRoutes currentRoutes)
{
    /// <summary>OpenAI's clients expect a time; the configuration knows none.</summary>
    private const long CreatedUnixSeconds = 1_700_000_000;

    public async Task AnswerAsync(HttpContext context)
    {
        if (Caller.Identify(context, OpenAiDialect.Instance, keys.Get(), out var caller) is { } stranger)
        {
            await OpenAiDialect.Instance.RefuseAsync(context, stranger);
            return;
        }

        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach (var (name, provider) in Offered(caller!).Where(model => caller!.Spender.Key.Terms?.AllowsModel(model.Name) ?? true))
            {
                json.WriteStartObject();
                json.WriteString("id"u8, name);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, CreatedUnixSeconds);
                json.WriteString("owned_by"u8, provider);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    private IEnumerable<(string Name, string Provider)> Offered(Caller caller)
    {
        var routes = currentRoutes.Get();
        return routes.Only is { } only
            ? caller.Spender.Prices.Models(only).Select(model => (model, only.Options.Name))
            : routes.Names.Select(name => (name, routes.Find(name)!.Stages[0][0].Upstream.Options.Name));
    }
}
