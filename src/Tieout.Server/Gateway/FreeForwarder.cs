using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Forwards a call that the provider takes nothing for. Nothing is held, charged or recorded, so steps 3, 4, 6, 8 and 9 do not apply.</summary>
internal sealed class FreeForwarder(ServerOptions options, ILogger<FreeForwarder> logger)
{
    public async Task AnswerAsync(GatewayCall call, Target target)
    {
        using var deadline = new AttemptDeadline(target.Timeouts, call.Routes.Options.Gateway.DrainTimeout, options.Time);
        try
        {
            using var answer = await call.SendAsync(target, deadline.Token);
            using var whole = await WholeAnswer.ReadAsync(answer, deadline);
            if (whole.IsWhole && (int)answer.StatusCode is < 300 or >= 400) await AnswerRelay.WriteAsync(call.Context, answer, whole.Bytes);
            else await call.RefuseAsync(ApiError.UpstreamFailed);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            logger.ProviderGaveNoAnswer(target.Upstream.Options.Name, UpstreamFault.Kind(error));
            await call.RefuseAsync(UpstreamFault.ErrorOf(error, deadline));
        }
    }
}
