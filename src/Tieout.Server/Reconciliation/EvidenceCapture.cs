using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Runtime;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>What a correction, or a person, is about.</summary>
/// <param name="Id">A usage record, an operation or a correlation id; null: the newest records of the app instance.</param>
/// <param name="Finding">Null: captured by hand.</param>
/// <param name="Code">Of the finding.</param>
/// <param name="Posting">A posting that leads to no usage record; null: none.</param>
internal sealed record EvidenceScope(
    string Org, string? Id, string? Project = null, string? AppInstance = null, string? Finding = null, string? Code = null, long? Posting = null);

/// <summary>Captures how rows stand, as evidence in the ledger itself: what was seen cannot be changed later.</summary>
internal sealed class EvidenceCapture(ILedger ledger, TimeProvider time)
{
    private const int UsageMax = 50;

    /// <summary>How far back the newest records of an app instance are looked for.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromDays(2);

    /// <summary>Before a correction: without evidence nothing is corrected.</summary>
    /// <inheritdoc cref="CaptureAsync"/>
    public Task BeforeAsync(Finding finding, AdminCall call) => CaptureAsync(Of(finding), "before", call, call.CancellationToken);

    /// <summary>After it: the correction stands, whatever becomes of the evidence; its postings say the same.</summary>
    public async Task AfterAsync(Finding finding, AdminCall call)
    {
        try
        {
            await CaptureAsync(Of(finding), "after", call, CancellationToken.None);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            // The next look at the incident shows the correction's postings all the same.
        }
    }

    /// <summary>As rows are now, because a person asks for it.</summary>
    /// <inheritdoc cref="CaptureAsync"/>
    public Task<Evidence> NowAsync(EvidenceScope scope, AdminCall call) => CaptureAsync(scope, "now", call, call.CancellationToken);

    /// <param name="phase">before, after or now.</param>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>.</exception>
    internal async Task<Evidence> CaptureAsync(EvidenceScope scope, string phase, AdminCall call, CancellationToken cancellationToken)
    {
        var at = Instant.From(time.GetUtcNow());
        var (attempts, truncated) = await AttemptsAsync(scope, at, cancellationToken);
        List<EntryLine> entries = [];
        foreach (var attempt in attempts)
        {
            var records = await ledger.Read.RecordsAsync(scope.Org, attempt, cancellationToken);
            entries.AddRange(records.Postings.SelectMany(posting => Entries(posting, attempt.Usage!.Usage.Id)));
        }

        if (scope.Posting is { } number && !entries.Exists(entry => entry.PostingId == number))
        {
            entries.AddRange(await OfPostingAsync(scope.Org, number, cancellationToken));
        }

        var labels = attempts.Select(attempt => attempt.Usage!.Usage).FirstOrDefault();
        var instance = scope.AppInstance ?? labels?.Labels.Runtime?.AppInstance;
        var registered = instance is not null && ProviderObject.IsValidId(instance)
            ? await ledger.Read.ObjectAsync(scope.Org, ObjectKind.Runtime, instance, cancellationToken) : null;
        var evidence = new Evidence(
            $"ev_{Guid.CreateVersion7():n}", at.ToString(), call.Actor.Id, phase, scope.Org, scope.Project ?? labels?.Labels.Project, instance, scope.Finding,
            labels?.CorrelationId, scope.Code, [.. attempts.Select(attempt => UsageLine.From(attempt.Usage!, Viewer.Platform))], entries,
            registered is null ? null : RuntimeObjects.Body(registered.Object), truncated);
        var command = new Command.AddRecord(
            RecordKind.Evidence, scope.Org, evidence.Id, JsonSerializer.Serialize(evidence, EvidenceJson.Default.Evidence), Once: true);
        (await ledger.ActAsync(command, call)).OrThrow();
        return evidence;
    }

    private async Task<(List<Attempt> Attempts, bool Truncated)> AttemptsAsync(EvidenceScope scope, Instant now, CancellationToken cancellationToken)
    {
        var read = ledger.Read;
        List<Attempt> found = [];
        if (scope.Id is { } id)
        {
            if (Guid.TryParseExact(id, "D", out var guid) && await read.AttemptAsync(scope.Org, new(guid), cancellationToken) is { } one) found.Add(one);
            else found.AddRange(await read.OperationAsync(scope.Org, id, cancellationToken));
            if (found.Count == 0) found.AddRange((await read.CorrelatedAsync(scope.Org, id, UsageMax + 1, cancellationToken)).Select(Used));
        }
        else if (scope.AppInstance is { } instance)
        {
            // The newest: all of the time are read, so that what a month has is never kept in memory.
            var newest = new Queue<UsageRow>();
            var filter = new UsageFilter(scope.Org, now - Back, now + TimeSpan.FromDays(1)).Where("app_instance", instance);
            await foreach (var row in read.UsageAsync(filter, cancellationToken))
            {
                newest.Enqueue(row);
                if (newest.Count > UsageMax + 1) newest.Dequeue();
            }

            found.AddRange(newest.Select(Used));
        }

        var used = found.Where(attempt => attempt.Usage is not null).ToList();
        return (used.Count > UsageMax ? used[^UsageMax..] : used, used.Count > UsageMax);
    }

    private async Task<List<EntryLine>> OfPostingAsync(string org, long number, CancellationToken cancellationToken)
    {
        await foreach (var posting in ledger.Read.PostingsAsync(org, Instant.UnixEpoch, new(long.MaxValue), number - 1, cancellationToken))
        {
            return posting.Seq == number ? [.. Entries(new(posting, await ledger.Read.CommitOfAsync(org, number, cancellationToken)), usage: null)] : [];
        }

        return [];
    }

    private static EvidenceScope Of(Finding finding) => new(
        finding.Scope.Org, finding.Scope.Usage?.ToString() ?? finding.Scope.CorrelationId, finding.Scope.Project, finding.Scope.AppInstance, finding.Id,
        finding.Code.Name, finding.Scope.Posting);

    private static Attempt Used(UsageRow row) => new(Hold: null, HoldState.Settled, row);

    private static IEnumerable<EntryLine> Entries(Committed<Posting> committed, AttemptId? usage)
    {
        var posting = committed.Row;
        foreach (var (direction, entry) in new[] { ("debit", posting.Entries.Debit), ("credit", posting.Entries.Credit) })
        {
            yield return new(
                posting.Seq, direction, posting.Org, entry.Account, SnakeCase.Of(posting.Kind), entry.Change.ToString(), usage?.ToString(), posting.CommandId,
                posting.Reverses == 0 ? null : posting.Reverses, posting.Reason, posting.EffectiveAt.ToString(), posting.RecordedAt.ToString(),
                committed.Commit.Commit);
        }
    }
}
