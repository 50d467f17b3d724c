using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>
/// The canonical bytes of every stored row: what its CRC and the hash chain are computed over, the same in every store (L8).
/// </summary>
/// <remarks>
/// A row is a tag byte and its fields in order: integers as 8 bytes little-endian, text as its UTF-8 length (−1: null) and bytes.
/// Length-prefixed, never delimited, so no two rows have the same bytes. The CRC (Castagnoli, 32 bits) finds any change of up to
/// 32 neighbouring bits and names the row; the SHA-256 chain finds everything else and names the commit.
/// </remarks>
public sealed class RowBytes : IDisposable
{
    private const int FlushAtBytes = 64 * 1024;

    private readonly IncrementalHash _sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FlushAtBytes + 4096);
    private int _length;
    private int _rowStart;

    /// <summary>Begins the hash of commit <paramref name="commit"/>.</summary>
    public void Begin(ReadOnlySpan<byte> previousHash, long commit, Instant recordedAt)
    {
        _length = 0;
        _sha.AppendData(previousHash);
        Long(commit);
        Long(recordedAt.UnixMicros);
    }

    /// <summary>Ends it: the hash of everything since <see cref="Begin"/>.</summary>
    public byte[] End()
    {
        _sha.AppendData(_buffer.AsSpan(0, _length));
        _length = 0;
        return _sha.GetHashAndReset();
    }

    public uint Add(SettingRow row)
    {
        Row(1);
        Long(row.Seq);
        Long((long)row.Kind);
        Text(row.Org);
        Text(row.Name);
        Text(row.Body);
        Long(row.AfterHold);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(LabelsRow row)
    {
        var labels = row.Labels;

        // A tag of its own, so that labels without a runtime have the bytes they always had.
        Row(labels.Runtime is null ? (byte)2 : (byte)14);
        Long(row.No);
        Text(labels.Org);
        Text(labels.Project);
        Text(labels.Team);
        Text(labels.Key);
        Text(labels.Feature);
        Text(labels.Provider);
        Text(labels.Model);
        Long((long)labels.Source);
        Text(labels.Trigger);
        if (labels.Runtime is { } runtime)
        {
            Text(runtime.AppInstance);
            Text(runtime.Component);
            Long(runtime.IsControlPlane ? 1 : 0);
            Text(runtime.OperatingMode);
            Text(runtime.ControlPlaneScope);
            Text(runtime.Backend);
        }

        return Crc();
    }

    public uint Add(PriceRow row)
    {
        Row(3);
        Long(row.No);
        Text(row.Json);
        return Crc();
    }

    public uint Add(CommandRow row)
    {
        Row(4);
        Text(row.Org);
        Text(row.Id);
        Text(row.Content);
        Long(row.Posting);
        return Crc();
    }

    public uint Add(Hold hold)
    {
        Row(5);
        Id(hold.Id);
        Long(hold.Seq);
        Long(hold.Labels);
        Text(hold.EndUser);
        Text(hold.OperationId);
        Nanos(hold.Amount);
        Long(hold.HeldAt.UnixMicros);
        Long(hold.ExpiresAt.UnixMicros);
        return Crc();
    }

    public uint Add(HoldEnd end)
    {
        Row(6);
        Long(end.Hold.Seq);
        Long((long)end.State);
        Long(end.EndedAt.UnixMicros);
        return Crc();
    }

    public uint Add(UsageRow row)
    {
        var usage = row.Usage;
        var counts = usage.Counts;
        Row(7);
        Long(row.Seq);
        Id(usage.Id);
        Long(row.Labels);
        Text(usage.OperationId);
        Long(usage.AttemptNo);
        Text(usage.WorkflowId);
        Text(usage.CorrelationId);
        Text(usage.TraceId);
        Text(usage.EndUser);
        Long(usage.OccurredAt.UnixMicros);
        Long(usage.DurationMs);
        Long(usage.StatusCode);
        Long(counts.InputTokens);
        Long(counts.CacheReadTokens);
        Long(counts.CacheWriteTokens);
        Long(counts.OutputTokens);
        Long(counts.ReasoningTokens);
        Text(counts.More);
        Long((long)usage.Basis);
        Long((long)usage.Flags);
        Long(row.Price);
        Nanos(row.ProviderCost);
        Nanos(row.Charge);
        Long((long)row.Flags);
        Long(row.EffectiveAt.UnixMicros);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(in Posting posting)
    {
        Row(8);
        Long(posting.Seq);
        Long((long)posting.Kind);
        Text(posting.Org);
        Long(posting.Debit);
        Long(posting.Credit);
        Nanos(posting.Amount);
        Long(posting.UsageSeq);
        Text(posting.CommandId);
        Long(posting.Reverses);
        Text(posting.Reason);
        Long(posting.EffectiveAt.UnixMicros);
        Long(posting.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(FindingRow row)
    {
        Row(9);
        Long(row.Seq);
        Text(row.Code);
        Text(row.Severity);
        Text(row.Org);
        if (row.Attempt is { } attempt) Id(attempt);
        else Long(0);
        Text(row.Detail);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(OutboxRow row)
    {
        Row(10);
        Long(row.Seq);
        Text(row.Id);
        Text(row.Org);
        Text(row.Type);
        Text(row.Body);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(ObjectRow row)
    {
        var what = row.Object;
        Row(11);
        Long(row.Seq);
        Text(what.Org);
        Long((long)what.Kind);
        Text(what.Id);
        Text(what.Key);
        if (what.Attempt is { } attempt) Id(attempt);
        else Long(0);
        Text(what.OperationId);
        Long(what.IsPending ? 1 : 0);
        Text(what.Body);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public uint Add(ObjectEnd end)
    {
        Row(12);
        Long(end.Object.Seq);
        Text(end.Body);
        Long(end.EndedAt.UnixMicros);
        return Crc();
    }

    public uint Add(LineageEntry entry)
    {
        var row = entry.Row;
        Row(13);
        Long(entry.Seq);
        Text(entry.Org);
        Text(entry.OperationId);
        Text(row.Issuance);
        Long(row.No);
        Text(entry.KeyId);
        Bytes(entry.TokenSha256);
        Long((long)row.Step.Kind);
        Text(row.Step.Id);
        Long(row.Step.AttemptNo);
        Text(row.Step.Executor);
        Text(row.Step.Target);
        Long(row.Step.At.UnixMicros);
        Bytes(row.Link);
        return Crc();
    }

    public uint Add(AuditRow row)
    {
        Row(15);
        Long(row.Seq);
        Text(row.Org);
        Text(row.Actor.Id);
        Text(row.Actor.Role);
        Text(row.Actor.CorrelationId);
        Text(row.Actor.Address);
        Text(row.Actor.Agent);
        Text(row.Action);
        Text(row.Target);
        Text(row.Before);
        Text(row.After);
        Text(row.Outcome);
        Long(row.RecordedAt.UnixMicros);
        return Crc();
    }

    public void Dispose()
    {
        _sha.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Row(byte tag)
    {
        if (_length >= FlushAtBytes)
        {
            _sha.AppendData(_buffer.AsSpan(0, _length));
            _length = 0;
        }

        _rowStart = _length;
        Space(1)[0] = tag;
    }

    private void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Space(8), value);

    /// <summary>8 bytes, or where they do not suffice the smallest 8-byte number and then 16 bytes: no two amounts have the same bytes.</summary>
    private void Nanos(Amount amount)
    {
        if (amount.TryToInt64(out var nanos) && nanos != long.MinValue)
        {
            Long(nanos);
            return;
        }

        Long(long.MinValue);
        BinaryPrimitives.WriteInt128LittleEndian(Space(16), amount.Nanos);
    }

    private void Id(AttemptId id) => id.Value.TryWriteBytes(Space(16), bigEndian: true, out _);

    private void Text(string? text)
    {
        if (text is null)
        {
            Long(-1);
            return;
        }

        Reserve(8 + Encoding.UTF8.GetMaxByteCount(text.Length));
        var written = Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length + 8));
        Long(written);
        _length += written;
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Long(bytes.Length);
        bytes.CopyTo(Space(bytes.Length));
    }

    private Span<byte> Space(int bytes)
    {
        Reserve(bytes);
        _length += bytes;
        return _buffer.AsSpan(_length - bytes, bytes);
    }

    private void Reserve(int bytes)
    {
        if (_length + bytes <= _buffer.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private uint Crc()
    {
        var row = _buffer.AsSpan(_rowStart, _length - _rowStart);
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(row);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (var rest in row[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }
}
