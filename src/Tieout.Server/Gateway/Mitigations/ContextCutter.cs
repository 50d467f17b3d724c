using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Spike;
using Tieout.Core.Spike.Truncation;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>A request without the beginning of its conversation. Owns its body.</summary>
internal sealed class ShortenedRequest(GatewayRequest request, RequestBody body) : IDisposable
{
    public GatewayRequest Request => request;

    public RequestBody Body => body;

    public void Dispose() => body.Dispose();
}

/// <summary>Step 2, the part that shortens: cuts the beginning of a conversation off. <see cref="ContextTruncation"/> decides where.</summary>
internal sealed partial class ContextCutter(TimeProvider time, ILogger<ContextCutter> logger)
{
    /// <summary>How many messages were cut off.</summary>
    public const string Header = "Tieout-Truncated";

    private const int LinesBurst = 10, LinesPerSecond = 1;

    private readonly SampleRate _lines = new(LinesBurst, LinesPerSecond);

    /// <returns>Null: the request goes on as it is. A request that no cut keeps valid does, too (G2).</returns>
    public ShortenedRequest? Cut(HttpContext context, Dialects.Endpoint endpoint, in GuardedCall call, in RequestBody body)
    {
        if (call.Mitigations.IsDefaultOrEmpty || endpoint.Conversation is not { } dialect) return null;
        Mitigation? by = null;
        ContextCut longest = default;
        foreach (var standing in call.Mitigations)
        {
            var mitigation = standing.Mitigation;
            if (mitigation.Kind is not MitigationKind.Truncate || !standing.AppliesTo(call.Asked, call.Now)) continue;
            var cut = ContextTruncation.Decide(body.Memory, dialect, ContextWindow.Of(mitigation.Rule));
            if (cut.IsFault) Log(mitigation, cut.Result);
            if (cut.MessagesCut > longest.MessagesCut) (by, longest) = (mitigation, cut);
        }

        return by is null ? null : Shorten(context, endpoint, by, longest, body);
    }

    private ShortenedRequest? Shorten(HttpContext context, Dialects.Endpoint endpoint, Mitigation by, in ContextCut cut, in RequestBody body)
    {
        var kept = RequestBody.Of(body.Span, cut.Kept);

        // Read anew: positions, and what is held for, are those of the bytes that go out.
        if (endpoint.Read(context.Request, kept.Span, out var request) is not null)
        {
            kept.Dispose();
            Log(by, ContextCutResult.Unreadable);
            return null;
        }

        MitigationRefusal.Mark(context.Response, by);
        context.Response.Headers[Header] = cut.MessagesCut.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(request!, kept);
    }

    private void Log(Mitigation by, ContextCutResult result)
    {
        if (_lines.Take(time.GetUtcNow())) LogNotCut(by.Org, by.Id, result, _lines.TakeLeftOut());
    }

    [LoggerMessage(EventId = LogEvents.ContextNotCut, Level = LogLevel.Warning,
        Message = "{OrgId}: the mitigation {Mitigation} could not shorten a request, which goes on unchanged: {Result}. Such lines left out before: {LeftOut}")]
    private partial void LogNotCut(string orgId, string mitigation, ContextCutResult result, long leftOut);
}
