using System.Text.Json;

namespace Tieout.Core.Ledger;

/// <summary>Rows that left the ledger: an archive has them. A record of the chain says so, and proves with its hashes what stays in their place.</summary>
/// <param name="Plan">The id of the plan that was carried out.</param>
/// <param name="Archive">Where the archive was when the rows were detached.</param>
/// <param name="Last">Where the last commit ends whose rows are detached.</param>
/// <param name="Hash">The chain's hash at that commit, in hexadecimal.</param>
/// <param name="RecordedAt">When that commit was recorded. No detached row counts at a later time.</param>
/// <param name="Rows">How many rows of each table are detached.</param>
/// <param name="StaySha256">Of all rows up to the commit that stay in the ledger.</param>
/// <param name="FiguresSha256">Of accounts, windows and cells as of the commit.</param>
/// <param name="Ids">How many attempts are known by their ids alone.</param>
/// <param name="IdsSha256">Of these ids, in their order.</param>
/// <param name="Files">The archive's files with their SHA-256.</param>
/// <param name="Listed">The last posting that was looked at for rows that stay because it names them. The ledger refuses the record if a later one names
/// earlier rows.</param>
public sealed record Detachment(
    string Plan, string Archive, Sequences Last, string Hash, Instant RecordedAt, DetachedRows Rows, string StaySha256, string FiguresSha256, long Ids,
    string IdsSha256, IReadOnlyList<(string File, string Sha256)> Files, long Listed = long.MaxValue)
{
    /// <summary>The name of the record: the newest counts.</summary>
    public static RecordKey Key { get; } = new(RecordKind.Detachment, "", "ledger");

    /// <summary>One sentence for whoever looks for a row that is in the archive.</summary>
    public string Sentence => $"Rows recorded up to {RecordedAt} are in the archive {Archive}, not in the ledger.";

    public bool HasUsage(long seq) => seq > 0 && seq <= Last.Usage;

    public bool HasPosting(long seq) => seq > 0 && seq <= Last.Posting;

    public string Body => Details.Write(json =>
    {
        json.WriteString("plan", Plan);
        json.WriteString("archive", Archive);
        json.WriteNumber("commit", Last.Commit);
        json.WriteString("hash", Hash);
        json.WriteNumber("recorded_at_us", RecordedAt.UnixMicros);
        json.WriteStartObject("last");
        foreach (var (name, number) in Numbers(Last)) json.WriteNumber(name, number);
        json.WriteEndObject();
        json.WriteNumber("usage", Rows.Usage);
        json.WriteNumber("postings", Rows.Postings);
        json.WriteNumber("holds", Rows.Holds);
        json.WriteString("stay_sha256", StaySha256);
        json.WriteString("figures_sha256", FiguresSha256);
        json.WriteNumber("ids", Ids);
        json.WriteString("ids_sha256", IdsSha256);
        json.WriteNumber("listed", Listed);
        json.WriteStartObject("files");
        foreach (var (file, sha256) in Files) json.WriteString(file, sha256);
        json.WriteEndObject();
    });

    /// <exception cref="FormatException">It is no such record.</exception>
    public static Detachment Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            string Text(string name) => root.GetProperty(name).GetString()!;
            long Number(string name) => root.GetProperty(name).GetInt64();
            var last = root.GetProperty("last");
            int Small(string name) => last.GetProperty(name).GetInt32();
            long Of(string name) => last.GetProperty(name).GetInt64();
            return new(
                Text("plan"), Text("archive"),
                new Sequences
                {
                    Commit = Number("commit"),
                    Usage = Of("usage"),
                    Posting = Of("posting"),
                    Hold = Of("hold"),
                    Setting = Of("setting"),
                    Finding = Of("finding"),
                    Outbox = Of("outbox"),
                    Labels = Small("labels"),
                    Price = Small("price"),
                    Account = Small("account"),
                    Budget = Small("budget"),
                    Object = Of("object"),
                    Lineage = Of("lineage"),
                    Audit = Of("audit"),
                    Record = Of("record"),
                },
                Text("hash"), new(Number("recorded_at_us")), new(Number("usage"), Number("postings"), Number("holds")), Text("stay_sha256"),
                Text("figures_sha256"), Number("ids"), Text("ids_sha256"),
                [.. root.GetProperty("files").EnumerateObject().Select(file => (file.Name, file.Value.GetString()!))],

                // Records of before detach worked beside writers have none.
                root.TryGetProperty("listed", out var listed) ? listed.GetInt64() : long.MaxValue);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"The record of detached rows cannot be read: {e.Message}", e);
        }
    }

    private static IEnumerable<(string Name, long Number)> Numbers(Sequences last) =>
    [
        ("usage", last.Usage), ("posting", last.Posting), ("hold", last.Hold), ("setting", last.Setting), ("finding", last.Finding), ("outbox", last.Outbox),
        ("labels", last.Labels), ("price", last.Price), ("account", last.Account), ("budget", last.Budget), ("object", last.Object),
        ("lineage", last.Lineage), ("audit", last.Audit), ("record", last.Record),
    ];
}

/// <summary>How many rows an archive has in the place of the ledger. Holds are counted with their ends.</summary>
public readonly record struct DetachedRows(long Usage, long Postings, long Holds);
