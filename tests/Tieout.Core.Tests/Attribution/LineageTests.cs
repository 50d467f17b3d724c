using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

public sealed class LineageTests
{
    private static readonly byte[] Mac = Secret.Lineage("ek_1");

    [Fact]
    public void An_untouched_lineage_holds()
    {
        var rows = Three();
        Assert.Null(Check(rows));
        Assert.Null(Check(rows, rows[^1].Link));
        Assert.Null(Check([]));
    }

    // Goal: whatever is changed, the first row that shows it is named. Method: every field of the middle row, and the rows themselves.
    [Fact]
    public void Every_change_is_found_and_the_first_broken_row_named()
    {
        var rows = Three();
        var step = rows[1].Step;
        foreach (var changed in (LineageStep[])
            [
                step with { Kind = LineageKind.Attempt }, step with { Id = "hop-x" }, step with { AttemptNo = 9 }, step with { Executor = "key-evil" },
                step with { Target = "queue:other" }, step with { At = step.At + TimeSpan.FromMicroseconds(1) },

                // The same letters cut elsewhere: what joining with a delimiter, or without one, would not tell apart.
                step with { Executor = step.Executor + step.Target[..1], Target = step.Target[1..] },
            ])
        {
            Assert.Equal(new LineageBreak(2, LineageFlaw.Changed), Check([rows[0], rows[1] with { Step = changed }, rows[2]]));
        }

        Assert.Equal(new LineageBreak(1, LineageFlaw.Changed), Check([rows[0] with { Link = rows[1].Link }, rows[1], rows[2]]));
        Assert.Equal(new LineageBreak(2, LineageFlaw.Missing), Check([rows[0], rows[2]]));
        Assert.Equal(new LineageBreak(2, LineageFlaw.Missing), Check([rows[0], rows[2], rows[1]]));
        Assert.Equal(new LineageBreak(2, LineageFlaw.Changed), Check([rows[0], rows[2] with { No = 2 }]));
        Assert.Equal(new LineageBreak(3, LineageFlaw.Missing), Check([rows[0], rows[1]], rows[2].Link));
        Assert.Equal(new LineageBreak(2, LineageFlaw.OtherIssuance), Check([rows[0], rows[1] with { Issuance = "other" }, rows[2]]));
    }

    [Fact]
    public void A1_another_token_for_the_same_issuance_is_another_lineage()
    {
        var resigned = EnvelopeToken.Sign(Issued with { Org = "evil" }, Ring.Active!);

        Assert.Equal(new LineageBreak(1, LineageFlaw.Changed), Lineage.Check(Mac, Issued.Issuance, resigned, Three()));
    }

    [Fact]
    public void Nobody_without_the_key_extends_a_lineage()
    {
        var rows = Three();
        var forged = Lineage.Append(OtherSecret.Lineage("ek_1"), Issued.Issuance, rows[^1].Link, 4, rows[1].Step);
        var signing = Lineage.Append(Secret.Signing("ek_1"), Issued.Issuance, rows[^1].Link, 4, rows[1].Step);

        Assert.Equal(new LineageBreak(4, LineageFlaw.Changed), Check([.. rows, forged]));
        Assert.Equal(new LineageBreak(4, LineageFlaw.Changed), Check([.. rows, signing]));
    }

    private static LineageBreak? Check(IReadOnlyList<LineageRow> rows, byte[]? head = null) => Lineage.Check(Mac, Issued.Issuance, Token, rows, head);

    private static List<LineageRow> Three()
    {
        var rows = new List<LineageRow>();
        var link = Lineage.Root(Mac, Issued.Issuance, Token);
        LineageStep[] steps =
        [
            new(LineageKind.Attempt, "usage-1", 1, "key-1", "openai/gpt-4o", Noon),
            new(LineageKind.Hop, "hop-1", 1, "worker-7", "queue:jobs", Noon + TimeSpan.FromSeconds(1)),
            new(LineageKind.Attempt, "usage-2", 2, "worker-7", "openai/gpt-4o", Noon + TimeSpan.FromSeconds(2)),
        ];
        foreach (var step in steps)
        {
            rows.Add(Lineage.Append(Mac, Issued.Issuance, link, rows.Count + 1, step));
            link = rows[^1].Link;
        }

        return rows;
    }
}
