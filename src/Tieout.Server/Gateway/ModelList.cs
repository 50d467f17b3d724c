using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway;

/// <summary><c>GET /v1/models</c> and <c>/v1/models/{id}</c>: the models that a key may use, in the dialect of the client.</summary>
internal sealed class ModelList(CurrentRoutes currentRoutes, CurrentPrices prices)
{
    /// <summary>Clients expect a time, and the configuration has none.</summary>
    private const long CreatedUnixSeconds = 1_700_000_000;

    private const string CreatedAt = "2023-11-14T22:13:20Z";

    public async Task ListAsync(HttpContext context)
    {
        var dialect = Dialect.Asking(context.Request);
        if (await OfferedAsync(context, dialect) is not { } offered) return;
        await WriteAsync(context, json => WriteList(json, dialect, [.. offered]));
    }

    public async Task FindAsync(HttpContext context)
    {
        var dialect = Dialect.Asking(context.Request);
        if (await OfferedAsync(context, dialect) is not { } offered) return;
        var id = (string)context.Request.RouteValues["id"]!;
        if (offered.FirstOrDefault(model => model.Name == id) is not { Name: not null } found)
        {
            await dialect.RefuseAsync(context, GatewayRefusal.ModelNotOffered(id));
        }
        else
        {
            await WriteAsync(context, json => WriteModel(json, dialect, found));
        }
    }

    /// <returns>Null: the request was refused, and the client has the error.</returns>
    private async Task<IEnumerable<(string Name, string Provider)>?> OfferedAsync(HttpContext context, Dialect dialect)
    {
        if (GatewayCaller.Read(context, out var caller) is { } stranger)
        {
            await dialect.RefuseAsync(context, stranger);
            return null;
        }

        var (routes, own) = (currentRoutes.Get(), prices.Of(caller!.Spender.Key.Org)!);
        var all = routes.Only is { } only
            ? own.Models(only.PricedAs(own)).Select(model => (model, only.Options.Name))
            : routes.Names.Select(name => (name, routes.Find(name)!.Stages[0][0].Upstream.Options.Name));
        return all.Where(model => caller!.Spender.Key.Terms?.AllowsModel(model.Item1) ?? true);
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes)) write(json);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    private static void WriteList(Utf8JsonWriter json, Dialect dialect, IReadOnlyList<(string Name, string Provider)> models)
    {
        json.WriteStartObject();
        if (dialect is OpenAiDialect) json.WriteString("object"u8, "list"u8);
        json.WriteStartArray(dialect is GeminiDialect ? "models" : "data");
        foreach (var model in models) WriteModel(json, dialect, model);
        json.WriteEndArray();
        if (dialect is AnthropicDialect)
        {
            json.WriteBoolean("has_more"u8, false);
            json.WriteString("first_id"u8, models.Count == 0 ? null : models[0].Name);
            json.WriteString("last_id"u8, models.Count == 0 ? null : models[^1].Name);
        }

        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, Dialect dialect, (string Name, string Provider) model)
    {
        json.WriteStartObject();
        switch (dialect)
        {
            case GeminiDialect:
                json.WriteString("name"u8, $"models/{model.Name}");
                json.WriteString("displayName"u8, model.Name);
                break;
            case AnthropicDialect:
                json.WriteString("type"u8, "model"u8);
                json.WriteString("id"u8, model.Name);
                json.WriteString("display_name"u8, model.Name);
                json.WriteString("created_at"u8, CreatedAt);
                json.WriteString("lifecycle"u8, "active"u8);
                break;
            default:
                json.WriteString("id"u8, model.Name);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, CreatedUnixSeconds);
                json.WriteString("owned_by"u8, model.Provider);
                break;
        }

        json.WriteEndObject();
    }
}
