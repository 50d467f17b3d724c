using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>The way to what a provider keeps: for whom it was made, and for nobody else. Nothing here is charged.</summary>
internal sealed class KeptAtProvider(ServerOptions options, CurrentKeys keys, Identities identities, CurrentRoutes currentRoutes, RateLimits limits, ILedger ledger)
{
    /// <summary>Pieces in which files are passed on.</summary>
    private const int PieceBytes = 64 * 1024;

    /// <summary>As steps 1 and 2 of the pipeline.</summary>
    /// <returns>Null: refused, and told.</returns>
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

    /// <summary>Whether the org may keep one more object of a kind. Asked before the body is read.</summary>
    /// <returns>False: the client has been answered.</returns>
    public async Task<bool> HasRoomAsync(HttpContext context, Dialect dialect, GatewayCaller caller, ObjectKind kind)
    {
        var limit = options.Governor.ObjectsPerOrg;
        if (await ledger.Read.CountObjectsAsync(caller.Spender.Key.Org, kind, limit, context.RequestAborted) < limit) return true;
        await dialect.RefuseAsync(context, ApiError.TooManyObjects, $"The org has {limit} objects of this kind, which is its limit (governor.objects_per_org). Delete some, or wait for some to end.");
        return false;
    }

    /// <summary>Finds an object of the org by its id.</summary>
    /// <param name="provider">Reads the provider's name from the object's record.</param>
    /// <returns>Null: the org has no such object, or its provider is no longer configured. The client has the error.</returns>
    public async Task<LocatedObject?> FindAsync(HttpContext context, Dialect dialect, GatewayCaller caller, ObjectKind kind, string id, Func<string, string> provider)
    {
        var kept = ProviderObject.IsValidId(id) ? await ledger.Read.ObjectAsync(caller.Spender.Key.Org, kind, id, context.RequestAborted) : null;
        if (kept is null || (kind is ObjectKind.File && kept.End is not null))
        {
            await dialect.RefuseAsync(context, ApiError.NotFound, $"The {kind.ToString().ToLowerInvariant()} '{id}' does not exist.", "id");
            return null;
        }

        if (currentRoutes.Get().Upstream(provider(kept.Object.Body)) is { } upstream) return new LocatedObject(kept, upstream);
        await dialect.RefuseAsync(context, ApiError.UpstreamUnreachable, "The provider that has it is configured no more.");
        return null;
    }

    public AttemptDeadline Deadline(Upstream upstream) => new(Timeouts.Of(new(), upstream.Options.Timeouts, options.Gateway), options.Gateway.DrainTimeout, options.Time);

    /// <summary>Asks the provider and reads its whole answer.</summary>
    /// <param name="then">Told of the answer while it is there. What it returns, the client gets the answer by: false, it was told something else.</param>
    public async Task PassAsync(HttpContext context, Dialect dialect, string org, Upstream upstream, string path, HttpContent? body, Func<UpstreamAnswer, ReadOnlyMemory<byte>, Task<bool>>? then = null)
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
            if (!whole.IsWhole || (int)answer.StatusCode is >= 300 and < 400) await dialect.RefuseAsync(context, deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
            else if (then is null || !answer.IsSuccessStatusCode || await then(answer, whole.Bytes)) await AnswerRelay.WriteAsync(context, answer, whole.Bytes);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
        {
            await dialect.RefuseAsync(context, UpstreamFault.ErrorOf(error, deadline));
        }
    }

    /// <summary>Asks the provider on nobody's behalf.</summary>
    /// <returns>Its answer to be disposed of; null: none came, or an error.</returns>
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

    /// <summary>Passes on an answer of any size piece by piece.</summary>
    public async Task StreamAsync(HttpContext context, Dialect dialect, string org, Upstream upstream, string path)
    {
        using var deadline = Deadline(upstream);
        var response = context.Response;
        try
        {
            using var answer = await upstream.SendAsync(org, HttpMethod.Get, path, content: null, context.Request.Headers, deadline.Token);
            if (WholeAnswer.IsCodedBy(answer.ContentHeaders)) throw new HttpRequestException("The provider compressed its answer although the request did not allow it.");
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
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
        {
            // Half a file must not look like a whole one.
            if (response.HasStarted) context.Abort();
            else await dialect.RefuseAsync(context, UpstreamFault.NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : ApiError.UpstreamFailed);
        }
    }
}
