using System.Text.Json;
using Tieout.Server.Tests.Attribution;

namespace Tieout.Server.Tests.Triage;

/// <summary>The triage names the right first break of generated orgs, and none where there is none.</summary>
public sealed class TriageProofTests
{
    private const int Variants = 40;

    // Goal: of 40 orgs with different traffic, the first break is named by its step and by what is broken, later breaks never come first, and no clean org
    // has one. Method: one store; a quarter of the orgs has its first break at the boundary, in the identity, in the join, or nowhere. A
    // break may be followed by breaks of later steps. Breaks of all the orgs before are in the store, too, and must not be named. A failure prints the seed.
    [Fact]
    public async Task The_right_first_break_is_named_in_forty_generated_orgs_and_none_in_clean_ones()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await world.IssueAsync();
        var seeds = new Random(14);
        for (var variant = 0; variant < Variants; variant++) await VariantAsync(world, variant, seeds.Next());
    }

    private static async Task VariantAsync(EnvelopeWorld world, int variant, int seed)
    {
        var random = new Random(seed);
        var traffic = new TriageTraffic(world, $"org-{variant}", random);
        var breaks = new TriageBreaks(world, traffic, random);
        await traffic.OpenAsync();
        await breaks.CleanAsync();

        // The kind of the first break goes round, and within a kind each way has its turn.
        var kinds = new[] { breaks.Boundary, breaks.Identity, breaks.Joinability };
        var (first, turn) = (variant % 4, variant / 4);
        var (planted, words) = (new List<string>(), new string?[3]);
        for (var kind = first; kind < 3; kind++)
        {
            if (kind > first && random.Next(2) == 0) continue;
            var (name, plant) = kinds[kind][(kind == first ? turn : random.Next(100)) % kinds[kind].Length];
            words[kind] = await plant();
            planted.Add(name);
        }

        if (words[2] is null) breaks.NearlyLack();
        await traffic.SubmitAsync();
        var said = $"variant {variant}, seed {seed}, planted: {string.Join("; ", planted)}";
        var triage = await TriageAsync(world, $"?org={traffic.Org}");
        var expected = first == 3 ? null : $"P{first + 1}";
        Assert.True(Text(triage, "first_break") == expected, $"{said}\nexpected {expected ?? "none"}\n{triage}");
        foreach (var step in triage.GetProperty("steps").EnumerateArray().Index().Where(step => step.Index > first))
        {
            Assert.True(Text(step.Item, "verdict") == "not_checked", $"{said}\n{step.Item}");
        }

        // With all steps looked at, exactly the planted ones fail, and each names what was planted.
        triage = await TriageAsync(world, $"?org={traffic.Org}&all=true");
        foreach (var (index, step) in triage.GetProperty("steps").EnumerateArray().Index())
        {
            var isFailed = Text(step, "verdict") == "fail";
            Assert.True(isFailed == words[index] is not null, $"{said}\n{step}");
            if (words[index] is { } word) Assert.True(step.GetProperty("reasons").ToString().Contains(word, StringComparison.Ordinal), $"{said}\n'{word}' is not in {step}");
        }

        await breaks.EndAsync();
    }

    private static async Task<JsonElement> TriageAsync(EnvelopeWorld world, string query)
    {
        var (status, triage) = await world.ApiAsync($"/triage{query}", body: null);
        Assert.True(status == 200, triage.ToString());
        return triage;
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();
}
