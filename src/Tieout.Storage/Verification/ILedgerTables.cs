using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The tables of one chain as <c>verify</c> goes through them: those of a file, or one bucket's part of a database.</summary>
/// <remarks>Both are asked in the same SQL, so that both are verified in the same way.</remarks>
internal interface ILedgerTables
{
    /// <param name="sql">With a <c>?</c> for each of <paramref name="values"/>.</param>
    IRows Select(string sql, params ReadOnlySpan<long> values);
}
