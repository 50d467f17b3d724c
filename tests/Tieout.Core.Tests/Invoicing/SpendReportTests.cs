using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Invoicing;

public sealed class SpendReportTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(60);

    private static readonly Instant Begin = Instant.From(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));

    // Few names on purpose: groups with several lines must be common. "other" is also the name of labels beyond an org's limit.
    private static readonly Gen<LabelledLine> AnyLine =
        from hour in Gen.Choose(0, 100)
        from org in Gen.Elements("acme", "globex")
        from team in Gen.Elements("red", "blue", UsageLabels.Other, null)
        from model in Gen.Elements("a", "b", "c", null)
        from source in Gen.Elements(UsageSource.Gateway, UsageSource.AppRuntime)
        from instance in Gen.Elements("rent-1", "rent-2", null)
        from charge in Gen.Choose(-40, 60)
        from corrections in Gen.Choose(-5, 5)
        from attempts in Gen.Choose(0, 3)
        select Line(Begin + TimeSpan.FromHours(hour), Labels(team, model, org, source, instance), charge, corrections, attempts);

    private static readonly Gen<SpendGrouping> AnyGrouping =
        from dimensions in Gen.Shuffle(SpendDimension.All.ToArray())
        from count in Gen.Choose(1, SpendGrouping.DimensionsMax)
        select new SpendGrouping([.. dimensions.Take(count)]);

    private static readonly Gen<(SpendGrouping By, List<LabelledLine> Lines, int Top)> AnyReport =
        from grouping in AnyGrouping
        from lines in AnyLine.ListOf()
        from top in Gen.Choose(1, 20)
        select (grouping, lines.ToList(), top);

    [Fact]
    public void I1_lines_sum_to_the_total_however_they_are_grouped_and_however_many_are_shown() => Check.One(Runs, Prop.ForAll(Arb.From(AnyReport), made =>
    {
        var (by, lines, top) = made;
        var report = ReportOf(by, lines);
        var shown = report.Lines(top);
        var sums = new RecountLine(default);
        foreach (var line in shown) sums.Add(line.Sums);
        var all = new RecountLine(default);
        foreach (var line in lines) all.Add(line.Sums);
        var rest = report.Groups > top ? 1 : 0;
        return Figures(sums) == Figures(report.Total) && Figures(all) == Figures(report.Total)
            && shown.Count - Math.Min(report.Groups, top) is 0 or 1 or 2 && shown.Count(line => line.IsOther) <= rest
            && shown.Count(line => line.IsOther || line.IsUnattributed) >= rest
            && shown.Select(line => string.Join('\n', line.Values.Select(value => value ?? ""))).Distinct().Count() >= shown.Count - 1;
    }));

    // Goal: however few groups are shown, spend without a label is in lines that say so, and in no others. Method: what lacks a label, counted apart.
    [Fact]
    public void J1_unattributed_spend_is_in_lines_of_its_own_whatever_is_shown() => Check.One(Runs, Prop.ForAll(Arb.From(AnyReport), made =>
    {
        var (by, lines, top) = made;
        var report = ReportOf(by, lines);
        var lacking = lines.Where(line => by.ValuesOf(new(line.Slot, line.Labels), TimeZoneInfo.Utc).Contains(null)).Sum(line => line.Sums.Charge);
        var unattributed = report.Lines(top).Where(line => line.IsUnattributed).ToList();
        return report.Unattributed == lacking && unattributed.Sum(line => line.Sums.Charge) == lacking && unattributed.All(line => line.Values.Contains(null));
    }));

    [Fact]
    public void J1_no_label_can_be_called_as_spend_without_one_is() => Assert.False(Core.Tenancy.Names.IsValid(UsageLabels.Unattributed));

    [Fact]
    public void J1_unattributed_spend_beyond_those_shown_is_a_line_before_the_others()
    {
        var report = ReportOf(Grouping("model"), [
            Line(Begin, Labels("red", "a"), 40), Line(Begin, Labels("red", "b"), 20), Line(Begin, Labels("red", "c"), 10), Line(Begin, Labels("red", null), 5)]);

        Assert.Equal(["a 40", " 5", "other 30"], Said(report.Lines(1)));
    }

    [Fact]
    public void A_group_is_what_the_lines_with_its_labels_sum_to() => Check.One(Runs, Prop.ForAll(Arb.From(AnyLine.ListOf()), lines =>
    {
        var shown = ReportOf(Grouping("team,app_instance"), lines).Lines(SpendReport.LinesMax);
        return shown.Count == lines.Select(line => (line.Labels.Team, line.Labels.Runtime?.AppInstance)).Distinct().Count() && shown.All(group =>
            group.Sums.Charge == lines.Where(line => line.Labels.Team == group.Values[0] && line.Labels.Runtime?.AppInstance == group.Values[1])
                .Sum(line => line.Sums.Charge));
    }));

    [Fact]
    public void The_largest_charge_comes_first_and_the_rest_is_one_line()
    {
        var lines = new[] { ("a", 10), ("b", 40), ("c", -5), ("d", 40), ("e", 20) }.Select(line => Line(Begin, Labels("red", line.Item1), line.Item2));
        var report = ReportOf(Grouping("model"), lines);

        Assert.Equal(["b 40", "d 40", "e 20", "a 10", "c -5"], Said(report.Lines(5)));
        Assert.Equal(["b 40", "d 40", "other 25"], Said(report.Lines(2)));
        Assert.True(report.Lines(2)[^1].IsOther);
    }

    [Fact]
    public void Days_come_in_order_and_within_a_day_the_largest_charge_first()
    {
        var (first, second) = (Begin, Begin + TimeSpan.FromDays(1));
        var report = ReportOf(Grouping("model,day"), [
            Line(second, Labels("red", "a"), 90), Line(first, Labels("red", "a"), 10),
            Line(first, Labels("red", "b"), 20), Line(second, Labels("red", "b"), 5)]);

        Assert.Equal(["b 2026-11-01 20", "a 2026-11-01 10", "a 2026-11-02 90", "b 2026-11-02 5"], Said(report.Lines(4)));

        // The groups with a line of their own are those with the largest charge of the whole range.
        Assert.Equal(["b 2026-11-01 20", "a 2026-11-02 90", "other other 15"], Said(report.Lines(2)));
    }

    [Fact]
    public void A_group_that_is_named_other_is_not_the_rest()
    {
        var report = ReportOf(Grouping("team"), [Line(Begin, Labels(UsageLabels.Other, "a"), 10), Line(Begin, Labels("red", "a"), 5)]);
        Assert.Equal([("other 10", false), ("other 5", true)], Said(report.Lines(1)).Zip(report.Lines(1).Select(line => line.IsOther)));
    }

    [Theory]
    [InlineData("team,modell", "'modell' is not a dimension of spend. Use org, day, hour, project,")]
    [InlineData("team,tag", "'tag' is not a tag of usage. Use tag: with project, feature, user, workflow, trigger, for example tag:feature.")]
    [InlineData("tag:model", "'tag:model' is not a tag of usage.")]
    [InlineData("user,tag:user", "'tag:user' is given twice.")]
    [InlineData("team,", "'' is not a dimension of spend.")]
    [InlineData("Team", "'Team' is not a dimension of spend.")]
    [InlineData("team,model,team", "'team' is given twice.")]
    [InlineData("day,hour", "Group by day or by hour, not by both")]
    [InlineData("org,team,model,key,feature", "Spend is grouped by at most 4 dimensions; 5 were given.")]
    public void What_cannot_be_grouped_by_is_refused(string text, string said) =>
        Assert.StartsWith(said, SpendGrouping.Parse(text, out _), StringComparison.Ordinal);

    [Fact]
    public void Every_dimension_is_read_by_its_name() => Assert.All(SpendDimension.All, dimension =>
    {
        Assert.Null(SpendGrouping.Parse($" {dimension.Name} ", out var by));
        Assert.Equal([dimension], by.Dimensions);
    });

    [Fact]
    public void Pieces_of_a_range_follow_each_other_and_split_no_day_and_no_hour() => Check.One(Runs, Prop.ForAll(
        Arb.From(
            from name in Gen.Elements("UTC", "Asia/Kolkata", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia")
            from grouping in AnyGrouping
            from start in Gen.Choose(-1_000_000, 10_000_000)
            from minutes in Gen.Choose(1, 200_000)
            select (name, grouping, start, minutes)),
        range =>
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(range.name);
            var from = new Instant(range.start * 60L * Instant.MicrosPerSecond * 7);
            var to = from + TimeSpan.FromMinutes(range.minutes);
            var pieces = range.grouping.Pieces(from, to, zone).ToList();
            var begin = from < Instant.UnixEpoch && range.grouping.Slot != RecountSlot.Range ? Instant.UnixEpoch : from;
            if (to <= begin) return pieces.Count == 0;
            return pieces[0].Start == begin && pieces[^1].End == to && pieces.All(piece => piece.Start < piece.End)
                && pieces.Zip(pieces.Skip(1)).All(pair => pair.First.End == pair.Second.Start && Starts(range.grouping.Slot, pair.Second.Start, zone));
        }));

    [Theory]
    [InlineData("day")]
    [InlineData("hour")]
    [InlineData("model")]
    public void A_range_at_the_end_of_the_calendar_has_pieces(string by)
    {
        var pieces = Grouping(by).Pieces(Instant.EndOfTime - TimeSpan.FromDays(90), Instant.EndOfTime, TimeZoneInfo.FindSystemTimeZoneById("America/New_York"));
        Assert.NotEmpty(pieces);
    }

    private static bool Starts(RecountSlot slot, Instant at, TimeZoneInfo zone) =>
        slot == RecountSlot.Day ? Window.Of(WindowUnit.Day, at, zone).Start == at : Recount.HourOf(at) == at;

    private static SpendGrouping Grouping(string text)
    {
        Assert.Null(SpendGrouping.Parse(text, out var by));
        return by;
    }

    private static SpendReport ReportOf(SpendGrouping by, IEnumerable<LabelledLine> lines)
    {
        var report = new SpendReport(by);
        foreach (var line in lines) report.Add(line, TimeZoneInfo.Utc);
        return report;
    }

    private static IEnumerable<string> Said(IReadOnlyList<SpendLine> lines) =>
        lines.Select(line => $"{string.Join(' ', line.Values)} {line.Sums.Charge.Nanos}");

    private static (long, long, Int128, Int128, Int128, Int128, Int128, Amount, Amount, Amount) Figures(RecountLine sums) => (
        sums.Attempts, sums.Failures, sums.InputTokens, sums.CacheReadTokens, sums.CacheWriteTokens, sums.OutputTokens, sums.ReasoningTokens,
        sums.ProviderCost, sums.Charge, sums.Corrections);

    private static UsageLabels Labels(
        string? team, string? model, string org = "acme", UsageSource source = UsageSource.Gateway, string? instance = null) => new()
        {
            Org = org,
            Team = team,
            Model = model,
            Source = source,
            Runtime = instance is null ? null : new(instance, "worker", IsControlPlane: false, null, null, null),
        };

    private static LabelledLine Line(Instant slot, UsageLabels labels, int charge, int corrections = 0, int attempts = 1) => new(slot, labels, new(default)
    {
        Attempts = attempts,
        Failures = attempts / 2,
        InputTokens = attempts * 7,
        CacheReadTokens = attempts * 5,
        CacheWriteTokens = attempts,
        OutputTokens = attempts * 3,
        ReasoningTokens = attempts * 2,
        ProviderCost = new(attempts * 11),
        Charge = new(charge),
        Corrections = new(corrections),
    });
}
