using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <summary>Writes findings of identity to the ledger, behind the request: a refusal does not wait for it.</summary>
/// <remarks>One an hour for each key, cause and verified tenant: whoever tries a million forgeries does not fill the ledger with them.</remarks>
internal sealed partial class IdentityFindings(ILedger ledger, TimeProvider time, ILogger<IdentityFindings> logger) : Worker
{
    /// <summary>What waits while the store is slow; past it, findings are only logged.</summary>
    private const int WaitingMax = 1_000;

    private readonly Channel<Command.AddRecord> _waiting = Channel.CreateBounded<Command.AddRecord>(WaitingMax);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _hour;

    public void Open(IdentityFinding finding)
    {
        var at = Instant.From(time.GetUtcNow());
        var hour = at.UnixMicros / Instant.MicrosPerHour;
        var name = string.Create(CultureInfo.InvariantCulture, $"{finding.Code}:{hour}:{finding.KeyId}:{finding.Cause}:{finding.Verified ?? "none"}");
        lock (_told)
        {
            if (hour != _hour) _told.Clear();
            _hour = hour;
            if (!_told.Add(name)) return;
        }

        LogFinding(finding.Code.Name, finding.Cause, finding.KeyId, finding.KeyOrg, Claimed(finding), finding.Verified);

        // A verified tenant that is not known here cannot have findings of its own.
        var org = ledger.Read.Org(finding.Org) is null ? finding.KeyOrg : finding.Org;
        _waiting.Writer.TryWrite(
            new(RecordKind.IdentityFinding, org, Cut(name), Detail(finding), Once: true) { Announcement = new(Finding: new(finding.Code)) });
    }

    public static string Detail(IdentityFinding finding) => JsonSerializer.Serialize(
        new FindingDetail(JsonNamingPolicy.SnakeCaseLower.ConvertName(finding.Cause), finding.KeyId, finding.KeyOrg, Claimed(finding), finding.Verified,
            finding.Issuance, finding.Operation), FindingJson.Default.FindingDetail);

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var command in _waiting.Reader.ReadAllAsync(stoppingToken)) await WriteAsync(command, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; what waits here was logged when it was found.
        }
    }

    private async Task WriteAsync(Command.AddRecord command, CancellationToken stoppingToken)
    {
        try
        {
            if (await ledger.SubmitAsync(command, stoppingToken) is Outcome.Refused { Reason: not Refusal.IdReused } refused)
            {
                LogNotWritten(command.Name, refused.Reason.ToString());
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNotWritten(command.Name, unavailable.Message);
        }
    }

    /// <summary>Names have a longest length; what is cut off is the end of the tenant.</summary>
    private static string Cut(string name) => name.Length <= Core.Tenancy.Names.LengthMax ? name : name[..Core.Tenancy.Names.LengthMax];

    /// <summary>What a caller wrote, if it is fit to be stored.</summary>
    private static string? Claimed(IdentityFinding finding) => Core.Tenancy.Names.IsValid(finding.Claimed) ? finding.Claimed : null;

    [LoggerMessage(EventId = LogEvents.IdentityFinding, Level = LogLevel.Warning,
        Message = "{Finding}: {Cause}; key {Key} of {KeyOrg} claimed {Claimed}, verified is {Verified}")]
    private partial void LogFinding(string finding, string cause, string key, string keyOrg, string? claimed, string? verified);

    [LoggerMessage(EventId = LogEvents.IdentityFindingNotWritten, Level = LogLevel.Error, Message = "The finding {Finding} could not be written: {Reason}")]
    private partial void LogNotWritten(string finding, string reason);
}

/// <summary>Both sides: the tenants that were claimed and verified, and the key that would have been charged or would have charged them.</summary>
/// <param name="ClaimedOrg">Not verified unless it equals <paramref name="VerifiedOrg"/>.</param>
internal sealed record FindingDetail(string Cause, string Key, string KeyOrg, string? ClaimedOrg, string? VerifiedOrg, string? IssuanceId, string? OperationId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FindingDetail))]
internal sealed partial class FindingJson : JsonSerializerContext;
