using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>Records refused log-ins and refused administrative calls as audit records (U1). Strangers cannot fill the ledger: above a rate calls are counted,
/// not recorded.</summary>
internal sealed partial class RefusedCalls(ILedger ledger, TimeProvider time, ILogger<RefusedCalls> logger)
{
    /// <summary>Records at once, after a quiet time.</summary>
    public const int BurstMax = 20;

    /// <summary>Then one record in so long; the next one says how many were only counted.</summary>
    public static readonly TimeSpan OneEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private double _left = BurstMax;
    private DateTimeOffset _at;
    private long _counted;

    /// <summary>Whether a refusal is recorded: an unknown credential at the API, or a token of the platform that may not make the call. A tenant's key is the
    /// tenant's own affair.</summary>
    public static bool Concerns(HttpRequest request, AccessProtocol protocol, Caller? caller) =>
        protocol is ApiProtocol && (caller is null ? request.Headers.Authorization.Count > 0 : caller.IsPlatform && !HttpMethods.IsGet(request.Method));

    /// <summary>Records a refused call, unless too many came before it. A store that fails does not change the answer.</summary>
    /// <param name="action">The call, see <see cref="AdminCalls.Refused"/>.</param>
    public async Task RecordAsync(AuditAction action, ApiError why, CancellationToken cancellationToken)
    {
        if (Take() is not { } counted) return;
        if (counted > 0) action = action with { After = new JsonObject { ["not_recorded"] = counted }.ToJsonString() };
        try
        {
            await ledger.SubmitAsync(new Command.RecordAudit("", $"refused:{why.Code}") { Audit = action }, cancellationToken);
        }
        catch (Exception failure) when (failure is StoreUnavailableException or OperationCanceledException)
        {
            LogNotRecorded(why.Code, failure.Message);
        }
    }

    /// <returns>How many calls were only counted since the last record; null: this one is only counted, too.</returns>
    private long? Take()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            _left = Math.Min(BurstMax, _left + Math.Max(0, (now - _at) / OneEvery));
            _at = now;
            if (_left < 1)
            {
                _counted++;
                return null;
            }

            _left--;
            var counted = _counted;
            _counted = 0;
            return counted;
        }
    }

    [LoggerMessage(EventId = LogEvents.RefusedCallNotRecorded, Level = LogLevel.Warning, Message = "A refused call ({Code}) has no audit record: {Reason}")]
    private partial void LogNotRecorded(string code, string reason);
}
