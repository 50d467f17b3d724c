using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Batches;

/// <summary>The lines of a batch for Anthropic, which are in one body, and the one provider that serves all of their models.</summary>
/// <param name="Requests">With the provider's names of the models.</param>
/// <param name="Rewritten">The client's bytes with the provider's names of the models.</param>
internal sealed record MessageLines(Upstream Upstream, IReadOnlyList<(string CustomId, GatewayRequest Request)> Requests, ReadOnlyMemory<byte> Rewritten)
{
    public static readonly AnthropicMessages Endpoint = new(counts: false);

    /// <returns>Null: the lines are valid.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> body, HttpRequest http, Routes routes, out MessageLines? lines)
    {
        lines = null;
        if (Find(body, out var places) is { } malformed) return malformed;
        var requests = new List<(string, GatewayRequest)>(places.Count);
        var edits = new List<Edit>();
        Upstream? upstream = null;
        foreach (var (index, place) in places.Index())
        {
            var json = body[place];
            GatewayRequest? request = null;
            Target? target = null;
            var refused = BatchLine.Read(json, "params"u8, hasUrl: false, out var line)
                ?? Endpoint.Read(http, json[line.Body], out request) ?? TargetOf(routes, request!.Model, ref upstream, out target);
            if (refused is not null) return refused with { Message = $"requests.{index}: {refused.Message ?? refused.Error.Title}" };
            requests.Add((line.CustomId, request! with { Model = target!.Model }));
            edits.AddRange(RequestRewriter.Names(request!, target).Select(edit => edit.Within(line.Body).Within(place)));
        }

        if (upstream is null) return new(ApiError.ParameterInvalid, "'requests' must have at least one request.", "requests");
        lines = new(upstream, requests, RequestRewriter.Apply(body, edits.ToArray()));
        return null;
    }

    /// <summary>A batch goes to one provider, which the first line selects.</summary>
    private static GatewayRefusal? TargetOf(Routes routes, string model, ref Upstream? upstream, out Target? target)
    {
        var chosen = upstream;
        target = routes.Find(model)?.Stages.SelectMany(stage => stage)
            .FirstOrDefault(one => one.Upstream.Options.Dialect is ProviderDialect.Anthropic && (chosen is null || one.Upstream == chosen));
        if (target is null)
        {
            return new(ApiError.ModelNotFound,
                $"The model '{model}' is not offered here for batches{(chosen is null ? "" : $" at '{chosen.Options.Name}', where the requests before it go")}.", "model");
        }

        upstream ??= target.Upstream;
        return null;
    }

    private static GatewayRefusal? Find(ReadOnlySpan<byte> body, out List<Range> places)
    {
        places = [];
        var found = false;
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 140 });
            if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) return new(ApiError.BodyMalformed, "The body must be a JSON object.");
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                if (json.ValueIsEscaped) return new(ApiError.BodyMalformed, "The name of a member is written with escapes.");
                if (!names.Add(json.GetString()!)) return new(ApiError.BodyMalformed, "A member of the body is given twice.");
                var isList = json.ValueTextEquals("requests"u8);
                json.Read();
                if (!isList)
                {
                    json.Skip();
                    continue;
                }

                found = true;
                if (json.TokenType is not JsonTokenType.StartArray) return new(ApiError.ParameterInvalid, "'requests' must be an array.", "requests");
                while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
                {
                    var start = (int)json.TokenStartIndex;
                    json.Skip();
                    places.Add(start..(int)json.BytesConsumed);
                }
            }

            while (json.Read()) { }
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            return new(ApiError.BodyMalformed, "The body is not valid JSON.");
        }

        return found ? null : new(ApiError.ParameterInvalid, "Missing required parameter: 'requests'.", "requests");
    }
}
