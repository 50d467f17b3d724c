using System.Reflection;
using System.Runtime.CompilerServices;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Each command says what deciding it looks at, and the book answers for nothing else.</summary>
public sealed class FootprintTests
{
    private static readonly Instant Now = Instant.From(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero));

    // All kinds by reflection, so that a new kind is asked for here, too.
    [Fact]
    public void There_is_a_sample_of_every_kind_of_command()
    {
        var kinds = typeof(Command).GetNestedTypes(BindingFlags.Public).Where(type => type.IsSubclassOf(typeof(Command))).Select(type => type.Name).Order(
            StringComparer.Ordinal);
        Assert.Equal(kinds, CommandSamples.All.Select(sample => sample.GetType().Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void U1_every_kind_of_command_can_be_recorded_under_an_org_or_names_an_attempt() =>
        Assert.All(CommandSamples.All, sample => Assert.True(sample.OrgId is not null || sample.AttemptId is not null, sample.ToString()));

    [Fact]
    public void L3_a_command_that_nothing_was_prefetched_for_is_not_decided()
    {
        foreach (var sample in CommandSamples.All)
        {
            var book = new Book { Prefetched = new() };
            foreach (var row in Opened().Settings) book.Recall(row);
            var thrown = Record.Exception(() => LedgerRules.Decide(book, [CommandSamples.Asked(sample)], Now));
            if (CommandSamples.LooksAtNothing(sample)) Assert.Null(thrown);
            else Assert.Equal("L3", Assert.IsType<InvariantBrokenException>(thrown).Rule);
        }
    }

    [Fact]
    public void L3_a_command_looks_at_nothing_that_its_footprint_leaves_out()
    {
        foreach (var sample in CommandSamples.All)
        {
            var book = new Book { Prefetched = new() };
            foreach (var row in Opened().Settings) book.Recall(row);
            var asked = CommandSamples.Asked(sample);
            book.Begin([asked]);
            Assert.Single(LedgerRules.Decide(book, [asked], Now).Outcomes);
        }
    }

    [Fact]
    public void L3_an_id_above_every_stored_one_is_new_without_a_look_up_and_one_below_is_not()
    {
        var book = new Book { Prefetched = new() };
        foreach (var row in Opened().Settings) book.Recall(row);
        var charge = Make.Charge(7, 1);
        Assert.Empty(book.Begin([charge], newest: Make.Id(6)).Attempts);
        Assert.IsNotType<Outcome.Replayed>(LedgerRules.Decide(book, [charge], Now).Outcomes[0]);
        Assert.Equal([Make.Id(7)], book.Begin([charge], newest: Make.Id(7)).Attempts);
        book.Begin([], newest: Make.Id(7));
        Assert.Throws<InvariantBrokenException>(() => LedgerRules.Decide(book, [charge], Now));
    }

    // Every text that a command holds, at any depth, by reflection, so that a new member is asked for here, too.
    [Fact]
    public void S1_every_text_of_every_command_is_looked_at()
    {
        foreach (var sample in (Command[])[.. CommandSamples.All, Make.Charge(1, 1, Make.FullLabels)])
        {
            var texts = new HashSet<string>(StringComparer.Ordinal);
            sample.TextsFit(text => { if (text is not null) texts.Add(text); return true; });
            foreach (var text in Texts(sample)) Assert.True(texts.Contains(text), $"{sample.GetType().Name} does not say its text '{text}'");
        }
    }

    private static MemoryLedger Opened()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        return ledger;
    }

    private static IEnumerable<string> Texts(object? value) => value switch
    {
        null => [],
        string text => [text],

        // Stored as JSON of its own, in which every text is escaped.
        ResolvedPrice => [],
        System.Collections.IEnumerable parts => parts.Cast<object?>().SelectMany(Texts),
        _ when value.GetType().Assembly == typeof(Command).Assembly && !value.GetType().IsEnum =>
            value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0 && property.GetMethod!.IsDefined(typeof(CompilerGeneratedAttribute)))
            .SelectMany(property => Texts(property.GetValue(value))),
        _ => [],
    };
}
