using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Http;

namespace Tieout.Server.Attribution;

/// <summary>What happened to one envelope of an operation.</summary>
/// <param name="Intact">Whether every link holds; null: the secret of the envelope's key is not here, so nobody can say.</param>
/// <param name="Broken">The first step that does not hold; null: there is none, or nobody can say.</param>
public sealed record LineageBody(string IssuanceId, string KeyId, bool? Intact, LineageBreakBody? Broken, IReadOnlyList<LineageStepBody> Steps)
{
    /// <summary>The steps of an operation, by envelope, each checked against its key.</summary>
    internal static IReadOnlyList<LineageBody> From(IReadOnlyList<LineageEntry> entries, KeyRing keys) =>
        [.. entries.GroupBy(entry => entry.Row.Issuance, StringComparer.Ordinal).Select(issuance => From([.. issuance.OrderBy(entry => entry.Row.No)], keys))];

    private static LineageBody From(LineageEntry[] entries, KeyRing keys)
    {
        var first = entries[0];
        var steps = entries.Select(entry => LineageStepBody.From(entry.Row)).ToArray();
        if (keys.Find(first.KeyId)?.Lineage is not { } key) return new(first.Row.Issuance, first.KeyId, Intact: null, Broken: null, steps);

        // One text of the envelope from its beginning to its end (A1): a row that says another was not linked to these.
        var flaw = Lineage.Check(key, first.Row.Issuance, first.TokenSha256, [.. entries.Select(entry => entry.Row)])
            ?? (entries.FirstOrDefault(entry => !entry.TokenSha256.AsSpan().SequenceEqual(first.TokenSha256)) is { } other
                ? new LineageBreak(other.Row.No, LineageFlaw.Changed) : null);
        return new(first.Row.Issuance, first.KeyId, flaw is null, flaw is null ? null : new(flaw.No, SnakeCase.Of(flaw.Flaw)), steps);
    }
}

/// <param name="No">Within the issuance, from 1.</param>
/// <param name="Flaw">changed, missing or other_issuance.</param>
public sealed record LineageBreakBody(int No, string Flaw);

/// <param name="Kind">attempt or hop.</param>
/// <param name="Id">Of the attempt (its usage id), or of the hop.</param>
/// <param name="Executor">The key that carried it out: who acted, never who pays.</param>
/// <param name="Target">Provider and model, or a queue.</param>
/// <param name="Link">64 hexadecimal digits.</param>
public sealed record LineageStepBody(int No, string Kind, string Id, int AttemptNo, string Executor, string Target, string At, string Link)
{
    internal static LineageStepBody From(LineageRow row) => new(
        row.No, SnakeCase.Of(row.Step.Kind), row.Step.Id, row.Step.AttemptNo, row.Step.Executor, row.Step.Target, row.Step.At.ToString(),
        Convert.ToHexStringLower(row.Link));
}
