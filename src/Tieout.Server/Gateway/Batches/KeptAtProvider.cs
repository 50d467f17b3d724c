using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Gives each org access to its own objects at providers, and to no other org's. Free of charge.</summary>
internal sealed class KeptAtProvider(
    ServerOptions options, CurrentKeys keys, Identities identities, CurrentRoutes currentRoutes, RateLimits limits, IObjectsReader objects)
{
    /// <summary>Size of the pieces in which a file is relayed.</summary>
    private const int PieceBytes = 64 * 1024;

    /// <summary>Identifies the caller and applies the rate limits, as steps 1 and 2 of the pipeline do.</summary>
    /// <returns>Null: the request was refused, and the client has the error.</returns>
    public async Task<GatewayCaller?> EnterAsync(HttpContext context, Dialect dialect)
    {
        var refused = GatewayCaller.Read(context, keys.Get(), identities, out var caller);
        if (refused is null)
        {
            var permit = limits.Enter(currentRoutes.Get().Options.Limits, caller!.Spender.Key, model: "", tokens: 0);
            context.Response.RegisterForDispose(permit);
            permit.WriteTo(context.Response.Headers, dialect, options.Time);
            refused = permit.Refusal;
        }

        if (refused is null) return caller;
        await dialect.RefuseAsync(context, refused);
        return null;
    }

    /// <summary>Whether the org may have one more object of a kind. Call it before the body is read.</summary>
    /// <returns>False: the client has the error.</returns>
    public async Task<bool> HasRoomAsync(HttpContext context, Dialect dialect, GatewayCaller caller, ObjectKind kind)
    {
        var limit = options.Governor.ObjectsPerOrg;
        if (await objects.CountObjectsAsync(caller.Spender.Key.Org, kind, limit, context.RequestAborted) < limit) return true;
        await dialect.RefuseAsync(context, ApiError.TooManyObjects,
            $"The org has {limit} objects of this kind, which is its limit (governor.objects_per_org). Delete some, or wait for some to end.");
        return false;
    }

    /// <summary>Finds an object of the org by its id.</summary>
    /// <param name="provider">Reads the provider's name from the object's record.</param>
    /// <returns>Null: the org has no such object, or its provider is no longer configured. The client has the error.</returns>
    public async Task<LocatedObject?> FindAsync(
        HttpContext context, Dialect dialect, GatewayCaller caller, ObjectKind kind, string id, Func<string, string> provider)
    {
        var kept = ProviderObject.IsValidId(id) ? await objects.ObjectAsync(caller.Spender.Key.Org, kind, id, context.RequestAborted) : null;
        if (kept is null || (kind is ObjectKind.File && kept.End is not null))
        {
            await dialect.RefuseAsync(context, ApiError.NotFound, $"The {kind.ToString().ToLowerInvariant()} '{id}' does not exist.", "id");
            return null;
        }

        if (currentRoutes.Get().Upstream(provider(kept.Object.Body)) is { } upstream) return new LocatedObject(kept, upstream);
        await dialect.RefuseAsync(context, ApiError.UpstreamUnreachable, "The provider that has it is configured no more.");
        return null;
    }

    public AttemptDeadline Deadline(Upstream upstream) =>
        new(Timeouts.Of(new(), upstream.Options.Timeouts, options.Gateway), options.Gateway.DrainTimeout, options.Time);

    /// <summary>Sends the request to the provider and relays its whole answer.</summary>
    /// <param name="then">Called with a successful answer before the client gets it. False: it has answered the client itself.</param>
    public async Task PassAsync(HttpContext context, Dialect dialect, string org, Upstream upstream, string path, HttpContent? body,
        Func<UpstreamAnswer, ReadOnlyMemory<byte>, Task<bool>>? then = null)
    {
        if (QueryRules.Of(dialect).Read(context.Request.QueryString, out var query) is { } unknown)
        {
            await dialect.RefuseAsync(context, unknown);
            return;
        }

        using var deadline = Deadline(upstream);
        try
        {
            var http = context.Request;
            using var answer = await upstream.SendAsync(org, new HttpMethod(http.Method), path + query, body, http.Headers, deadline.Token);
            using var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if (!whole.IsWhole || (int)answer.StatusCode is >= 300 and < 400)
            {
                await dialect.RefuseAsync(context, deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
            }
            else if (then is null || !answer.IsSuccessStatusCode || await then(answer, whole.Bytes))
            {
                await AnswerRelay.WriteAsync(context, answer, whole.Bytes);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException
            && !context.RequestAborted.IsCancellationRequested)
        {
            await dialect.RefuseAsync(context, UpstreamFault.ErrorOf(error, deadline));
        }
    }

    /// <summary>Sends a request of the gateway's own to the provider.</summary>
    /// <returns>The answer; dispose of it. Null: an error, or no answer.</returns>
    public async Task<WholeAnswer?> AskAsync(string org, Upstream upstream, string path)
    {
        using var deadline = Deadline(upstream);
        try
        {
            using var answer = await upstream.SendAsync(org, HttpMethod.Get, path, content: null, new HeaderDictionary(), deadline.Token);
            var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if (answer.IsSuccessStatusCode && whole.IsWhole) return whole;
            whole.Dispose();
            return null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Relays an answer of any size piece by piece.</summary>
    public async Task StreamAsync(HttpContext context, Dialect dialect, string org, Upstream upstream, string path)
    {
        using var deadline = Deadline(upstream);
        var response = context.Response;
        try
        {
            using var answer = await upstream.SendAsync(org, HttpMethod.Get, path, content: null, context.Request.Headers, deadline.Token);
            if (WholeAnswer.IsCodedBy(answer.ContentHeaders))
            {
                throw new HttpRequestException("The provider packed its answer in a way that is not known.");
            }

            response.StatusCode = (int)answer.StatusCode;
            AnswerHeaders.Copy(answer, response.Headers);
            response.ContentLength = answer.ContentHeaders.ContentLength;
            await using var body = answer.OpenBody();
            var piece = new byte[PieceBytes];
            while (true)
            {
                deadline.StartRead();
                var read = await body.ReadAsync(piece, deadline.Token);
                if (read == 0) return;
                deadline.Pause();
                await response.BodyWriter.WriteAsync(piece.AsMemory(0, read), context.RequestAborted);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException
            && !context.RequestAborted.IsCancellationRequested)
        {
            // An incomplete file must not look complete.
            if (response.HasStarted) context.Abort();
            else await dialect.RefuseAsync(context, UpstreamFault.NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed);
        }
    }
}
