using System.Collections.Immutable;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger;

/// <summary>The rows a batch appends, numbered as they come.</summary>
internal sealed partial class Draft
{
    private LateList<LabelsRow> _labels;
    private LateList<PriceRow> _prices;
    private LateList<CommandRow> _commands;
    private LateList<HoldRow> _holds;
    private LateList<HoldEnd> _holdsEnded;
    private readonly List<UsageRow> _usage = new(commands);
    private readonly List<PostingRow> _postings = new(commands);
    private LateList<SettingRow> _settings;
    private LateList<FindingRow> _findings;
    private LateList<OutboxRow> _outbox;
    private LateList<ObjectRow> _objects;
    private LateList<ObjectEnd> _objectsEnded;
    private LateList<LineageEntry> _lineage;
    private LateList<AuditRow> _audit;
    private LateList<RecordRow> _records;
    private Sequences _last = book.Last;

    /// <summary>The number of the commit that the rows will be in.</summary>
    private long Commit => book.Last.Commit + 1;

    public long LastSetting => _last.Setting;

    public int LabelsNo(UsageLabels labels)
    {
        var no = book.LabelsNo(labels);
        if (no != 0 || _labelNumbers.TryGetValue(labels, out no)) return no;
        _last = _last with { Labels = _last.Labels + 1 };
        _labels.Add(new(_last.Labels, labels, Crc: 0));
        _labelNumbers.Set(labels, _last.Labels);
        CountLabels(labels);
        return _last.Labels;
    }

    public int PriceNo(ResolvedPrice? price)
    {
        if (price is null) return 0;
        var no = book.PriceNo(price);
        if (no != 0 || _priceNumbers.TryGetValue(price, out no)) return no;
        _last = _last with { Price = _last.Price + 1 };
        _prices.Add(new(_last.Price, price.ToJson(), Crc: 0));
        _priceNumbers.Set(price, _last.Price);
        return _last.Price;
    }

    public void Add(string org, string commandId, string content, long posting)
    {
        Invariant.Holds(Command(org, commandId) is null, "L3");
        var row = new CommandRow(org, commandId, content, posting, Crc: 0);
        _commands.Add(row);
        _commandsById.Set((org, commandId), row);
    }

    public Hold Add(Command.PlaceHold command)
    {
        _last = _last with { Hold = _last.Hold + 1 };
        var hold = new Hold(
            command.Id, _last.Hold, LabelsNo(command.Labels), command.Labels, command.EndUser, command.OperationId, command.Amount, Now,
            Now + command.Lifetime);
        _holds.Add(new(hold, Crc: 0));
        Invariant.Holds(_attempts.TryAdd(hold.Id, new(hold, HoldState.Open, Usage: null)), "L3");
        CountHold(hold.Scope.Org, 1);
        return hold;
    }

    public void End(Hold hold, HoldState state)
    {
        _holdsEnded.Add(new(hold, state, Now, Commit, Crc: 0));
        _attempts[hold.Id] = new(hold, state, Usage: null);
        CountHold(hold.Scope.Org, -1);
    }

    public UsageRow Add(PricedUsage priced, ChargeFlags flags, Instant effectiveAt)
    {
        _last = _last with { Usage = _last.Usage + 1 };
        var usage = priced.Usage;
        var row = new UsageRow(
            _last.Usage, usage, LabelsNo(usage.Labels), PriceNo(priced.Price), priced.ProviderCost, priced.Charge, flags, effectiveAt, Now, Crc: 0);
        _usage.Add(row);
        var known = Attempt(usage.Id);
        Invariant.Holds(known?.Usage is null, "M1");
        _attempts[usage.Id] = known is null ? new(Hold: null, HoldState.Settled, row) : known with { Usage = row };
        return row;
    }

    /// <summary>Adds a posting and moves both its accounts.</summary>
    public long Post(
        OrgState org, PostingKind kind, AccountKind debit, AccountKind credit, Amount amount, Instant effectiveAt,
        long usageSeq = 0, string? commandId = null, long reverses = 0, string? reason = null, GrantLot? grant = null, bool isPostingRepair = false)
    {
        // A closed period never changes; a charge is of usage; a correction names its posting and its reason, and a posting is taken back once.
        Invariant.Holds(effectiveAt >= org.OpenFrom, "I2");
        Invariant.Holds(kind != PostingKind.Charge || usageSeq > 0, "M1");
        var isCorrection = kind is PostingKind.Reversal or PostingKind.ReEntry;
        Invariant.Holds(isCorrection ? reverses > 0 && reason is not null : reverses == 0 && !isPostingRepair, "L7");
        Invariant.Holds(kind != PostingKind.Reversal || Posting(reverses) is { Reversed: false }, "L7");
        _last = _last with { Posting = _last.Posting + 1 };
        var posting = new Posting(
            _last.Posting, kind, org.Org.Id, org.AccountNo(debit), org.AccountNo(credit), amount, usageSeq, commandId, reverses, reason, effectiveAt, Now,
            isPostingRepair);
        _postings.Add(new(posting, Crc: 0));
        if (kind == PostingKind.Reversal) _reversed.Set(reverses, true);
        PostingEffects.Apply(posting, Touch(org, debit), Touch(org, credit), grant);
        return posting.Seq;
    }

    public long Add(SettingKind kind, string org, string name, string body, int accounts = 0, int budgets = 0)
    {
        _last = _last with { Setting = _last.Setting + 1, Account = _last.Account + accounts, Budget = _last.Budget + budgets };
        _settings.Add(new(_last.Setting, kind, org, name, body, _last.Hold, Now, Crc: 0));
        return _last.Setting;
    }

    public void AddFinding(FindingCode code, string org, AttemptId? attempt, string detail)
    {
        _last = _last with { Finding = _last.Finding + 1 };
        _findings.Add(new(_last.Finding, code, org, attempt, detail, Now, Crc: 0));
        Tell($"finding/{_last.Finding}", org, "finding.opened", Details.Finding(_findings.Rows[^1]));
    }

    /// <returns>Its number.</returns>
    public long Tell(string id, string org, string type, string body)
    {
        _last = _last with { Outbox = _last.Outbox + 1 };
        var row = new OutboxRow(_last.Outbox, id, org, type, body, Now, Crc: 0);
        _outbox.Add(row);
        _announced.Set((org, id), row);
        return row.Seq;
    }

    public long Add(ProviderObject what)
    {
        _last = _last with { Object = _last.Object + 1 };
        var row = new ObjectRow(_last.Object, what, Now, Crc: 0);
        _objects.Add(row);
        _objectsById.Set((what.Org, what.Kind, what.Id), new(row, End: null));
        return row.Seq;
    }

    public void End(KeptObject kept, string body)
    {
        var end = new ObjectEnd(kept.Row, body, Now, Commit, Crc: 0);
        _objectsEnded.Add(end);
        _objectsById.Set((kept.Object.Org, kept.Object.Kind, kept.Object.Id), kept with { End = end });
    }

    public void Add(string org, string operationId, LineageAppend append)
    {
        _last = _last with { Lineage = _last.Lineage + 1 };
        _lineage.Add(new(_last.Lineage, org, operationId, append.KeyId, append.TokenSha256, append.Row, Crc: 0));
        _lineageHeads.Set((org, operationId, append.Row.Issuance), new(append.Row.No, append.Row.Link, append.TokenSha256));
    }

    public void Add(AuditRow row)
    {
        _last = _last with { Audit = _last.Audit + 1 };
        _audit.Add(row with { Seq = _last.Audit });
    }

    /// <summary>How much the batch has written and touched so far.</summary>
    public DraftExtent Extent => new(
        _last, _commands.Count + _holdsEnded.Count + _objectsEnded.Count, _accounts.Count, _windows.Count, _attempts.Count, _cells.Count);

    /// <summary>Checks that a refused command has left the draft as it was (L6).</summary>
    public void HoldsUnchanged(in DraftExtent before) => Invariant.Holds(Extent == before, "L6");

    /// <returns>Its number.</returns>
    public long Add(RecordKey key, string body)
    {
        _last = _last with { Record = _last.Record + 1 };
        var row = new RecordRow(_last.Record, key.Kind, key.Org, key.Name, body, Now, Crc: 0);
        _records.Add(row);
        _recordsByKey.Set(key, row);
        return row.Seq;
    }

    /// <summary>Whether an earlier command of the batch has changed anything.</summary>
    public bool HasRows => _last != book.Last || _holdsEnded.Count + _objectsEnded.Count > 0;

    /// <summary>A draft of the same book as if nothing had been decided yet.</summary>
    public Draft Fresh() => new(book, Now, 1);

    /// <summary>Checks what must hold, computes every CRC and the link of the chain.</summary>
    public WriteSet Finish(ImmutableArray<Outcome> outcomes)
    {
        var isEmpty = !HasRows;
        if (!isEmpty) _last = _last with { Commit = Commit };
        CheckInvariants();
        _holdsEnded.Rows.Sort(static (left, right) => left.Hold.Seq.CompareTo(right.Hold.Seq));
        _objectsEnded.Rows.Sort(static (left, right) => left.Object.Seq.CompareTo(right.Object.Seq));
        var writes = new WriteSet
        {
            Chain = new(_last.Commit, book.ChainHash, book.ChainHash, Now, _last),
            IsEmpty = isEmpty,
            Outcomes = outcomes,
            Labels = _labels.Rows,
            Prices = _prices.Rows,
            Commands = _commands.Rows,
            Holds = _holds.Rows,
            HoldsEnded = _holdsEnded.Rows,
            Usage = _usage,
            Postings = _postings,
            Settings = _settings.Rows,
            Findings = _findings.Rows,
            Outbox = _outbox.Rows,
            Objects = _objects.Rows,
            ObjectsEnded = _objectsEnded.Rows,
            Lineage = _lineage.Rows,
            Audit = _audit.Rows,
            Records = _records.Rows,
            Accounts = _accounts.Values,
            Windows = _windows.Values,
            Cells = _cells.Values,
        };
        if (!isEmpty) Seal(writes);
        return writes;
    }

    /// <summary>Gives the rows their CRCs, and the link of the chain its hash over them.</summary>
    private void Seal(WriteSet writes)
    {
        using var bytes = new RowBytes();
        bytes.Begin(book.ChainHash, _last.Commit, Now);
        bytes.Seal(writes);
        writes.Chain.Hash = bytes.End();
    }

    private void CheckInvariants()
    {
        // Every posting moved two accounts of one org by opposite amounts, so what the batch changed sums to zero.
        var change = Amount.Zero;
        foreach (var (no, account) in _accounts)
        {
            change += account.Balance - book.Account(no).Balance;
            Invariant.Holds(account.Held >= Amount.Zero, "L5");
        }

        Invariant.Holds(change == Amount.Zero, "L1");
        foreach (var window in _windows.Values) Invariant.Holds(window.Held >= Amount.Zero, "L5");
    }
}

/// <summary>How much a draft has written and touched. Rows are only added, so two drafts of one batch with equal extents are equal.</summary>
internal readonly record struct DraftExtent(Sequences Last, int Unnumbered, int Accounts, int Windows, int Attempts, int Cells);
