using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;

namespace Tieout.Core.Tests.Ledger;

public sealed class ChainTests
{
    [Fact]
    public void L8_each_commit_names_the_hash_of_the_one_before()
    {
        var ledger = Busy();

        var previous = new byte[32];
        foreach (var link in ledger.Chain)
        {
            Assert.Equal(previous, link.Previous);
            Assert.NotEqual(link.Previous, link.Hash);
            previous = link.Hash;
        }

        Assert.Equal(Enumerable.Range(1, ledger.Chain.Count).Select(no => (long)no), ledger.Chain.Select(link => link.Commit));
    }

    // Goal: no field of a stored row can change without its CRC changing. Method: change each field in turn.
    [Fact]
    public void L8_every_field_of_a_row_is_in_its_crc()
    {
        var ledger = Busy();
        using var bytes = new RowBytes();
        bytes.Begin(new byte[32], 1, ledger.Now);

        var usage = ledger.Usage[0];
        UsageRow[] usages =
        [
            usage with { Seq = 99 }, usage with { Labels = 99 }, usage with { Price = 99 }, usage with { ProviderCost = new(99) },
            usage with { Charge = new(99) },
            usage with { Flags = ChargeFlags.Late }, usage with { EffectiveAt = new(99) }, usage with { RecordedAt = new(99) },
            usage with { Usage = usage.Usage with { Id = Make.Id(99) } }, usage with { Usage = usage.Usage with { OperationId = "x" } },
            usage with { Usage = usage.Usage with { AttemptNo = 9 } }, usage with { Usage = usage.Usage with { WorkflowId = "" } },
            usage with { Usage = usage.Usage with { CorrelationId = "" } }, usage with { Usage = usage.Usage with { TraceId = "" } },
            usage with { Usage = usage.Usage with { EndUser = "" } }, usage with { Usage = usage.Usage with { OccurredAt = new(9) } },
            usage with { Usage = usage.Usage with { DurationMs = 99 } }, usage with { Usage = usage.Usage with { StatusCode = 99 } },
            usage with { Usage = usage.Usage with { Basis = Core.Metering.UsageBasis.Estimated } },
            usage with { Usage = usage.Usage with { Flags = Core.Metering.UsageFlags.CutShort } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { InputTokens = 99 } } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { CacheReadTokens = 99 } } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { CacheWriteTokens = 99 } } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { OutputTokens = 99 } } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { ReasoningTokens = 99 } } },
            usage with { Usage = usage.Usage with { Counts = usage.Usage.Counts with { More = "" } } },
        ];
        Assert.Equal(usage.Crc, bytes.Add<UsageTable, UsageRow>(usage));
        Assert.All(usages, changed => Assert.NotEqual(usage.Crc, bytes.Add<UsageTable, UsageRow>(changed)));

        var posting = ledger.Postings[1].Posting;
        Posting[] postings =
        [
            posting with { Seq = 99 }, posting with { Kind = PostingKind.Reversal }, posting with { Org = "x" }, posting with { Debit = 99 },
            posting with { Credit = 99 },
            posting with { Amount = new(99) }, posting with { UsageSeq = 99 }, posting with { CommandId = "" }, posting with { Reverses = 99 },
            posting with { Reason = "" }, posting with { EffectiveAt = new(99) }, posting with { RecordedAt = new(99) },
            posting with { IsPostingRepair = true },
        ];
        Assert.Equal(ledger.Postings[1].Crc, bytes.Add<PostingsTable, PostingRow>(new(posting, 0)));
        Assert.All(postings, changed => Assert.NotEqual(ledger.Postings[1].Crc, bytes.Add<PostingsTable, PostingRow>(new(changed, 0))));

        var hold = ledger.Holds[0].Hold;
        Hold[] holds =
        [
            hold with { Id = Make.Id(99) }, hold with { Seq = 99 }, hold with { Labels = 99 }, hold with { EndUser = "" }, hold with { OperationId = "x" },
            hold with { Amount = new(99) }, hold with { HeldAt = new(99) }, hold with { ExpiresAt = new(99) },
        ];
        Assert.Equal(ledger.Holds[0].Crc, bytes.Add<HoldsTable, HoldRow>(new(hold, 0)));
        Assert.All(holds, changed => Assert.NotEqual(ledger.Holds[0].Crc, bytes.Add<HoldsTable, HoldRow>(new(changed, 0))));
    }

    [Fact]
    public void L8_text_that_moves_from_one_field_to_the_next_changes_the_crc() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<NonEmptyString>(), text =>
        {
            using var bytes = new RowBytes();
            bytes.Begin(new byte[32], 1, default);
            var one = bytes.Add<SettingsTable, SettingRow>(new(1, SettingKind.Team, text.Get, "", "", 0, default, 0));
            var other = bytes.Add<SettingsTable, SettingRow>(new(1, SettingKind.Team, "", text.Get, "", 0, default, 0));
            return one != other;
        }));

    [Fact]
    public void L8_the_same_commands_give_the_same_hash_and_one_nano_more_another()
    {
        Assert.Equal(Busy().Book.ChainHash, Busy().Book.ChainHash);
        Assert.NotEqual(Busy().Book.ChainHash, Busy(charge: 8).Book.ChainHash);
    }

    private static MemoryLedger Busy(long charge = 7)
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(1_000));
        ledger.Submit(Make.Hold(ledger, 1, 10));
        ledger.Submit(Make.Settle(1, charge, at: ledger.Now));
        ledger.Submit(Make.Charge(2, 5, at: ledger.Now));
        return ledger;
    }
}
