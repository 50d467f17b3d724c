using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Sqlite.Native;

/// <summary>The SQL function <c>finding_id(code, org, attempt, detail, seq)</c>: the id of the finding that a row opened, by the rule of Core
/// (<see cref="Finding.IdOf(FindingRow)"/>).</summary>
internal static unsafe class FindingIds
{
    private const int Flags = NativeSqlite.Utf8 | NativeSqlite.Deterministic | NativeSqlite.Innocuous;
    private const int IdBytes = 16;

    public static int Define(RawConnectionHandle connection) => NativeSqlite.CreateFunction(connection, "finding_id", 5, Flags, 0, &Call, null, null, 0);

    // No exception may leave a callback: SQLite's frames lie between it and whoever could catch it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Call(nint context, int count, nint* values)
    {
        try
        {
            AttemptId? attempt = NativeSqlite.ValueType(values[2]) == NativeSqlite.TypeNull
                ? null : new AttemptId(new Guid(Bytes(values[2])[..IdBytes], bigEndian: true));
            var row = new FindingRow(
                NativeSqlite.ValueInt64(values[4]), new(Text(values[0]), ""), Text(values[1]), attempt, Text(values[3]), RecordedAt: default, Crc: 0);
            Answer(context, Encoding.UTF8.GetBytes(Finding.IdOf(row)));
        }
        catch (Exception wrong) when (wrong is JsonException or ArgumentException)
        {
            Fail(context, "finding_id: the row is not one of findings"u8);
        }
    }

    private static ReadOnlySpan<byte> Bytes(nint value)
    {
        // SQLite asks for the content first, and for its length then.
        var content = NativeSqlite.ValueBlob(value);
        return new(content, NativeSqlite.ValueBytes(value));
    }

    private static string Text(nint value) => Encoding.UTF8.GetString(Bytes(value));

    private static void Answer(nint context, ReadOnlySpan<byte> id)
    {
        fixed (byte* text = id) NativeSqlite.ResultText(context, text, id.Length, NativeSqlite.Transient);
    }

    private static void Fail(nint context, ReadOnlySpan<byte> message)
    {
        fixed (byte* text = message) NativeSqlite.ResultError(context, text, message.Length);
    }
}
