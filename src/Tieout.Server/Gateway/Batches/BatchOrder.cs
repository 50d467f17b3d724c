using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;
using Endpoint = Tieout.Server.Gateway.Dialects.Endpoint;

namespace Tieout.Server.Gateway.Batches;

/// <summary>The holds of a batch: each line is an attempt, with its ceiling at batch prices.</summary>
internal sealed class BatchOrder(BatchApi api, BatchFacts facts, GatewayCaller caller, Upstream upstream, OrgPrices prices, Routes routes, Instant now)
{
    /// <summary>The limit of the providers. Bounds the memory, some 300 bytes per line.</summary>
    private const int LinesMax = 100_000;

    /// <summary>Providers run a batch for up to a day. Holds last a day longer, so that results that are read late find them.</summary>
    private static readonly TimeSpan HoldFor = TimeSpan.FromHours(48);

    private readonly List<LinkedCommand> _holds = [];
    private readonly HashSet<AttemptId> _ids = [];
    private Amount _ceiling;

    /// <summary>One hold per line, each the first step of its own operation under the batch's envelope.</summary>
    public IReadOnlyList<LinkedCommand> Holds => _holds;

    public IReadOnlyCollection<AttemptId> Attempts => _ids;

    /// <summary>Sum of the ceilings of all lines.</summary>
    public Amount Ceiling => _ceiling;

    /// <param name="json">The line without its line break. It has the provider's name of the model.</param>
    /// <returns>Why the batch goes no further; null: the line is in it.</returns>
    public GatewayRefusal? Add(HttpRequest http, in BatchLine line, ReadOnlySpan<byte> json)
    {
        if (api.EndpointOf(line.Url) is not { } endpoint) return new(ApiError.ParameterInvalid, $"Batches are not taken for '{line.Url}' here.", "url");
        if (endpoint.Read(http, json[line.Body], out var request) is { } malformed) return malformed;
        if (endpoint.ReadReferences(json[line.Body], out var named) is { } unreadable) return unreadable;
        return ReferenceGate.RefusalOf(caller, routes, api.Dialect.Spoken, endpoint.Scope, asked: null, named.Models) ?? Add(line.CustomId, endpoint, request!);
    }

    /// <inheritdoc cref="Add(HttpRequest, in BatchLine, ReadOnlySpan{byte})"/>
    public GatewayRefusal? Add(string customId, Endpoint endpoint, GatewayRequest request)
    {
        if (_holds.Count == LinesMax) return new(ApiError.TooManyItems, $"The batch has more than {LinesMax} lines.");
        if ((Refusal(endpoint, request) ?? caller.Spender.RefuseUser(request.User)) is { } notAllowed) return notAllowed;
        var id = facts.AttemptOf(customId);
        if (!_ids.Add(id)) return new(ApiError.ParameterInvalid, $"The custom_id '{customId}' occurs twice.", "custom_id");
        if (Add(request, out var ceiling) is { } refused) return refused;

        var labels = new AttemptLabels(caller, upstream, caller.Tags.Trigger).Of(request.Model);
        var hold = new Command.PlaceHold(id, labels, caller.EndUser(request.User), facts.OperationOf(customId), ceiling, HoldFor);
        var step = new LineageStep(LineageKind.Attempt, id.ToString(), AttemptNo: 1, caller.Spender.Key.Id, $"{upstream.Options.Name}/{request.Model}", now);
        _holds.Add(new(hold, caller.Carried, step));
        return null;
    }

    /// <summary>The line has the provider's name of the model. The key must be allowed one of the names that clients use for it.</summary>
    private GatewayRefusal? Refusal(Endpoint endpoint, GatewayRequest request)
    {
        GatewayRefusal? first = null;
        foreach (var name in routes.NamesOf(upstream.Options.Name, request.Model).DefaultIfEmpty(request.Model))
        {
            if (caller.Spender.Refusal(endpoint.Scope, name) is not { } refused) return null;
            first ??= refused;
        }

        return first;
    }

    /// <summary>Adds a line's ceiling to that of the batch.</summary>
    private GatewayRefusal? Add(GatewayRequest request, out Amount ceiling)
    {
        var outputTokensMax = routes.OutputTokensMaxOf(upstream.Options.Name, request.Model);
        var estimate = Estimate.Of(
            new(prices, upstream, now, InBatch: true), request, request.Model, outputTokensMax, routes.Options.Gateway.OutputTokensDefault);
        ceiling = estimate.Ceiling;
        if (estimate.Problem is EstimateProblem.NotPriced) return GatewayRefusal.ModelNotPriced(request.Model);
        if (estimate.Problem is EstimateProblem.TooLarge)
        {
            return new(ApiError.AmountTooLarge, "The batch may cost more than the largest amount. Ask for fewer tokens.");
        }

        _ceiling += ceiling;
        return null;
    }
}
