using Microsoft.AspNetCore.Http;
using Tieout.Core.Metering;
using Tieout.Core.Spike.Truncation;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>The particulars of one address of a provider's API. The pipeline treats all endpoints alike.</summary>
internal abstract class Endpoint
{
    public abstract Dialect Dialect { get; }

    /// <summary>Name of the API in price lists, which define how its usage is read, for example <c>chat</c>.</summary>
    public abstract string Flavor { get; }

    /// <summary>The scope that a key needs for it.</summary>
    public abstract KeyScope Scope { get; }

    /// <summary>Reads the usage where no price list defines how; null: price lists do.</summary>
    public virtual UsageExtractor? OwnExtractor => null;

    /// <summary>The provider charges nothing for it. Calls are neither held for nor recorded.</summary>
    public virtual bool IsFree => false;

    /// <summary>Requests may have the results of tools in their messages.</summary>
    public virtual bool HasToolResults => false;

    /// <summary>How requests write a conversation that can be cut; null: they have none.</summary>
    public virtual ContextDialect? Conversation => null;

    /// <summary>A stream may be a JSON array instead of events.</summary>
    public virtual bool StreamsArrays => false;

    public virtual QueryRules Query => QueryRules.Of(Dialect);

    /// <returns>Null: the body is valid.</returns>
    public abstract GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request);

    /// <summary>As <see cref="Read"/>, also for bodies that are forms.</summary>
    public virtual ValueTask<RequestReading> ReadAsync(HttpRequest http, ReadOnlyMemory<byte> body)
    {
        var refused = Read(http, body.Span, out var request);
        return ValueTask.FromResult(refused is null ? RequestReading.Of(request!) : RequestReading.Refuse(refused));
    }

    /// <summary>Finds the objects that a request names at the provider. Forms name none: they have their files in them.</summary>
    /// <returns>Null: the body is valid.</returns>
    public virtual GatewayRefusal? ReadReferences(ReadOnlySpan<byte> body, out RequestReferences references) =>
        ReferenceReader.Read(body, ReferenceRules.Of(Dialect.Spoken), out references);

    /// <summary>The bytes for the provider: the client's, except for the model, the stream options and a clamped limit.</summary>
    public virtual ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, GatewayRequest request, Target target, long? outputTokensMax) =>
        RequestRewriter.Rewrite(body, request, target.ModelJson, outputTokensMax);

    /// <summary>The path at the provider, after its <c>base_url</c>.</summary>
    public abstract string PathAt(GatewayRequest request, Target target);

    /// <summary>Makes the reader of one answer, which gives the usage to <paramref name="meter"/>.</summary>
    public abstract AnswerReader Reader(GatewayRequest request, UsageMeter meter);
}
