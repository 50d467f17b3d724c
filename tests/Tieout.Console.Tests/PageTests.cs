using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Tieout.Core.Money;

namespace Tieout.Console.Tests;

/// <summary>What pages show, and what they are made of.</summary>
public sealed partial class PageTests
{
    private static readonly string[] Pages = ["/", "/spend", "/spend?by=org,model", "/sign-in", "/spend?wrong=1"];

    // Goal: a page has the figures of the API, to the last unit (Q2). Method: today's spend and the report by org and model, from both, and the file.
    [Fact]
    public async Task Q2_pages_files_and_the_API_say_the_same()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.FillAsync();
        await world.SignInAsync();
        var (today, spend) = (await world.ApiAsync(HttpMethod.Get, "costs/today"), await world.ApiAsync(HttpMethod.Get, "spend?by=org,model"));

        var overview = (await world.GetAsync("/")).Html;
        Assert.Contains("All tied out", overview, StringComparison.Ordinal);
        Assert.Contains($"title=\"{today.GetProperty("ledger_daily_total").GetString()}\"", overview, StringComparison.Ordinal);

        var page = (await world.GetAsync("/spend?by=org,model")).Html;
        var exact = Exact().Matches(page).Select(match => match.Groups[1].Value).ToList();
        var lines = spend.GetProperty("items").EnumerateArray().Select(line => line.GetProperty("charge").GetString()!).ToList();
        Assert.Equal([spend.GetProperty("total").GetProperty("charge").GetString()!, .. lines], exact);
        Assert.Equal(Amount.Parse(exact[0]), Amount.Sum(exact.Skip(1).Select(Amount.Parse)));

        var file = Regex.Match(page, "href=\"(/spend\\.csv[^\"]*)\"").Groups[1].Value;
        var csv = (await world.GetAsync(WebUtility.HtmlDecode(file))).Html;
        Assert.All(lines, line => Assert.Contains(line, csv, StringComparison.Ordinal));
    }

    // Goal: a figure's link leads to the rows that make it. Method: every link of a tile of the overview; the page it opens has the same sum first.
    [Fact]
    public async Task Q2_a_figures_link_opens_a_page_with_the_same_figure()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.FillAsync();
        await world.SignInAsync();
        var tiles = Tile().Matches((await world.GetAsync("/")).Html).Where(tile => tile.Groups[2].Value.Length > 0).ToList();
        Assert.Equal(2, tiles.Count);
        foreach (var tile in tiles)
        {
            var opened = (await world.GetAsync(WebUtility.HtmlDecode(tile.Groups[1].Value))).Html;
            Assert.Equal(tile.Groups[2].Value, Exact().Match(opened).Groups[1].Value);
        }
    }

    // Goal: a name that somebody chose is text, and nothing runs that the server did not send. Method: the head of every answer, and no inline style or script
    // in any page, with a model whose name is markup.
    [Fact]
    public async Task Pages_have_a_strict_content_policy_and_nothing_inline()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.FillAsync();
        await world.SignInAsync();
        foreach (var path in Pages)
        {
            using var answer = await world.Browser.GetAsync(path, TestContext.Current.CancellationToken);
            var html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Contains("no-store", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            Assert.DoesNotMatch("<script|<style| style=| on[a-z]+=|<b>odd", html);
            Assert.DoesNotContain(ConsoleWorld.Admin, html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_query_that_cannot_be_meant_is_a_page_with_one_sentence_and_a_code()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.SignInAsync();
        foreach (var (path, code) in ((string, string)[])[("/spend?wrong=1", "parameter_invalid"), ("/spend?by=nothing", "parameter_invalid"),
            ("/spend?from=2026-02-02&to=2026-02-01", "parameter_invalid")])
        {
            var (status, html) = await world.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, status));
            Assert.Contains($"<code>{code}</code>", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_empty_ledger_says_what_will_stand_there_and_what_to_do()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.SignInAsync();
        Assert.Contains("tieout org create", (await world.GetAsync("/")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_console_has_an_address_that_can_be_kept_for_ever()
    {
        await using var world = await ConsoleWorld.StartAsync();
        var address = Regex.Match((await world.GetAsync("/sign-in")).Html, "href=\"(/assets/[^\"]+)\"").Groups[1].Value;
        using var file = await world.Browser.GetAsync(address, TestContext.Current.CancellationToken);
        Assert.Equal("text/css", file.Content.Headers.ContentType!.MediaType);
        Assert.Contains("immutable", file.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await world.GetAsync("/assets/..%2fsecrets")).Status);
    }

    // Goal: words on both grounds can be read. Method: the WCAG contrast of every pair of tokens that meet, light and dark.
    [Fact]
    public async Task Colours_have_the_contrast_of_WCAG_AA()
    {
        await using var world = await ConsoleWorld.StartAsync();
        var address = Regex.Match((await world.GetAsync("/sign-in")).Html, "href=\"(/assets/[^\"]+)\"").Groups[1].Value;
        var schemes = Root().Matches((await world.GetAsync(address)).Html).Select(root => Token().Matches(root.Value).ToDictionary(
            token => token.Groups[1].Value, token => token.Groups[2].Value, StringComparer.Ordinal)).ToList();
        Assert.Equal(2, schemes.Count);
        foreach (var scheme in schemes)
        {
            foreach (var ground in (string[])["ground", "raised"])
            {
                foreach (var text in (string[])["text", "muted", "ok", "watch", "problem", "link"]) AssertContrast(scheme, text, ground, 4.5);
                foreach (var part in (string[])["control", "bar"]) AssertContrast(scheme, part, ground, 3);
            }

            AssertContrast(scheme, "problem", "problem-tint", 4.5);
            AssertContrast(scheme, "ground", "link", 4.5);
        }
    }

    private static void AssertContrast(Dictionary<string, string> scheme, string one, string other, double least)
    {
        var (light, dark) = (Luminance(scheme[one]), Luminance(scheme[other]));
        var contrast = (Math.Max(light, dark) + 0.05) / (Math.Min(light, dark) + 0.05);
        Assert.True(contrast >= least, $"--{one} on --{other}: {contrast:0.00}");
    }

    private static double Luminance(string colour)
    {
        double Part(int at)
        {
            var part = int.Parse(colour.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return part <= 0.03928 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4);
        }

        return 0.2126 * Part(1) + 0.7152 * Part(3) + 0.0722 * Part(5);
    }

    [GeneratedRegex("""<td class="number" title="([^"]*)">""")]
    private static partial Regex Exact();

    [GeneratedRegex("""<dd><a href="([^"]+)"(?: title="([^"]*)")?>""")]
    private static partial Regex Tile();

    [GeneratedRegex(@":root \{[^}]*\}")]
    private static partial Regex Root();

    [GeneratedRegex("--([a-z-]+): (#[0-9a-f]{6})")]
    private static partial Regex Token();
}
