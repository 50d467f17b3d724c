using Microsoft.AspNetCore.Http;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>What is particular about one address of a provider's API. The pipeline asks it, and never which one it is.</summary>
internal abstract class Endpoint
{
    public abstract Dialect Dialect { get; }

    /// <summary>The API by which price lists say how its usage is read, for example <c>chat</c>.</summary>
    public abstract string Flavor { get; }

    /// <summary>The scope that a key needs for it.</summary>
    public abstract KeyScope Scope { get; }

    /// <summary>How its usage is read where no price list says; null: lists do.</summary>
    public virtual UsageExtractor? OwnExtractor => null;

    /// <summary>The provider takes nothing for it: neither held for nor recorded.</summary>
    public virtual bool IsFree => false;

    /// <summary>A stream may be a JSON array instead of events.</summary>
    public virtual bool StreamsArrays => false;

    public virtual QueryRules Query => QueryRules.Of(Dialect);

    /// <returns>Null: it was read.</returns>
    public abstract GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request);

    /// <summary>As <see cref="Read"/>, for bodies that are forms too.</summary>
    public virtual ValueTask<RequestReading> ReadAsync(HttpRequest http, ReadOnlyMemory<byte> body)
    {
        var refused = Read(http, body.Span, out var request);
        return ValueTask.FromResult(refused is null ? RequestReading.Of(request!) : RequestReading.Refuse(refused));
    }

    /// <summary>What a request names at the provider. Forms bear what they are about, and name nothing.</summary>
    /// <returns>Null: it was read.</returns>
    public virtual GatewayRefusal? ReadReferences(ReadOnlySpan<byte> body, out RequestReferences references) =>
        ReferenceReader.Read(body, ReferenceRules.Of(Dialect.Spoken), out references);

    /// <summary>What goes to the provider: the client's bytes, but for the model and what <see cref="GatewayRequest"/> says is ours to change.</summary>
    public virtual ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, GatewayRequest request, Target target, long? outputTokensMax) =>
        RequestRewriter.Rewrite(body, request, target.ModelJson, outputTokensMax);

    /// <summary>Where it is at the provider: what comes after its <c>base_url</c>.</summary>
    public abstract string PathAt(GatewayRequest request, Target target);

    /// <summary>Reads one answer. Tells <paramref name="meter"/> what it sees.</summary>
    public abstract AnswerReader Reader(GatewayRequest request, UsageMeter meter);
}
