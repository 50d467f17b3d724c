using System.Text.Json;

namespace Tieout.Core.Ledger;

/// <summary>What a record of a command in quarantine says at its top: its id, the kind of command, whose it is, what went wrong. Its finding says the
/// same.</summary>
public static class QuarantineSummary
{
    /// <summary>The member of the record's body; the other member, <c>command</c>, is the command.</summary>
    public const string Member = "summary";

    /// <returns>A JSON object.</returns>
    public static string Of(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty(Member, out var summary) ? summary.GetRawText() : "{}";
    }
}
