using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>What a failed attempt leaves to tell its client.</summary>
/// <param name="Refusal">Our own words; null: the provider's error is passed on.</param>
/// <param name="Head">The provider's answer; null: none came.</param>
/// <param name="Body">The whole of it; null: none came.</param>
internal sealed record FailedAttempt(GatewayRefusal? Refusal, UpstreamAnswer? Head, WholeAnswer? Body) : IDisposable
{
    /// <summary>How account and budgets stand after its settlement; null: there was nothing to settle.</summary>
    public Figures? Figures { get; init; }

    public static FailedAttempt WithoutAnswer(GatewayRefusal refusal, Figures? figures = null) => new(refusal, Head: null, Body: null) { Figures = figures };

    public Task AnswerAsync(GatewayCall call)
    {
        if (Figures is not null) AnswerHeaders.WriteCost(call.Context.Response.Headers, Figures);
        return Refusal is not null ? call.RefuseAsync(Refusal) : AnswerRelay.WriteAsync(call.Context, Head!, Body!.Bytes);
    }

    public void Dispose()
    {
        Body?.Dispose();
        Head?.Dispose();
    }
}
