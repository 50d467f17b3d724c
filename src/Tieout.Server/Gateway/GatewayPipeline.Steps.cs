using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

internal sealed partial class GatewayPipeline
{
    /// <summary>Less than this is no answer, and OpenAI refuses to be asked for it.</summary>
    private const long ClampedMin = 16;

    /// <summary>What the provider takes nothing for is passed on and on; there is nothing to hold, to charge or to record.</summary>
    private async Task PassFreeAsync(GatewayCall call, Target target)
    {
        using var deadline = new AttemptDeadline(target.Timeouts, call.Routes.Options.Gateway.DrainTimeout, options.Time);
        try
        {
            var http = call.Context.Request;
            var path = call.Endpoint.PathAt(call.Request, target) + call.Query;
            var outgoing = call.Endpoint.Rewrite(call.Body.Span, call.Request, target, outputTokensMax: null);
            using var answer = await target.Upstream.SendAsync(call.Caller.Spender.Key.Org, HttpMethod.Post, path, outgoing, http.Headers, deadline.Token, call.Request.Form?.ContentType);
            using var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if (whole.IsWhole && (int)answer.StatusCode is < 300 or >= 400) await WriteAsync(call.Context, answer, whole.Bytes);
            else await call.RefuseAsync(ApiError.UpstreamFailed);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            LogNoAnswer(target.Upstream.Options.Name, UpstreamFault.Kind(error));
            await call.RefuseAsync(UpstreamFault.NeverReached(error, deadline) ? ApiError.UpstreamUnreachable : deadline.IsOver ? ApiError.UpstreamTimeout : ApiError.UpstreamFailed);
        }
    }

    /// <summary>Lowers the answer's length to what is affordable, where that is wanted and there is enough for an answer at all.</summary>
    /// <returns>What that may cost at most; null: it stays refused.</returns>
    private static Amount? Clamp(GatewayCall call, GatewayAttempt attempt, Amount left)
    {
        if (!IsClamped(call) || call.Request is not { Limit: not null, HasOutput: true } || attempt.Price is not { } price) return null;
        var limits = call.Caller.Spender.Prices.Find(attempt.Target.Upstream, attempt.Target.Model, attempt.OccurredAt).Limits;
        long affordable = 0;
        var bounds = Ceiling.Of(call.Request, attempt.Target.OutputTokensMax, limits, call.Routes.Options.Gateway.OutputTokensDefault);
        for (var (low, high) = (ClampedMin, bounds.OutputTokens / call.Request.Choices); low <= high;)
        {
            var middle = low + (high - low) / 2;
            if (Cost(middle) <= left) (affordable, low) = (middle, middle + 1);
            else high = middle - 1;
        }

        if (affordable == 0) return null;
        call.OutputTokensMax = affordable;
        call.Context.Response.Headers["Tieout-Clamped"] = affordable.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Cost(affordable);

        Amount Cost(long output) => price.Ceiling(bounds with { OutputTokens = output * call.Request.Choices }).Charge;
    }

    /// <summary>The caller's word counts, else the configuration's.</summary>
    private static bool IsClamped(GatewayCall call) => call.Context.Request.Headers["Tieout-On-Short"].ToString() switch
    {
        "clamp" => true,
        "refuse" => false,
        _ => call.Routes.Options.Gateway.OnShort is Configuration.OnShort.Clamp,
    };
}
