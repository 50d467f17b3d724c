using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>Programs that know nothing of ours read the journal and arrive at our balances.</summary>
public sealed partial class JournalTests
{
    private const string Org = "a.b:c@d+e-f";

    [Theory]
    [InlineData(1, "USD", BillingMode.Prepaid, "UTC")]
    [InlineData(2, "CR7", BillingMode.Postpaid, "Pacific/Kiritimati")]
    [InlineData(3, "EUR", BillingMode.Prepaid, "America/New_York")]
    public async Task L4_hledger_arrives_at_the_balances_of_a_random_ledger(int seed, string asset, BillingMode billing, string zone)
    {
        await using var world = await ApiWorld.StartAsync();
        var ours = await RandomAsync(world, seed, asset, billing, zone);
        var journal = (await world.RunAsync("export", "journal", "--format", "hledger", "--org", Org)).Out;

        var theirs = await HledgerAsync(journal);

        var balances = Sums(journal, HledgerLine());
        Assert.Equal(balances.Where(balance => balance.Value != 0).OrderBy(balance => balance.Key),
            theirs.Where(balance => balance.Value != 0).OrderBy(balance => balance.Key));
        Assert.Equal(0, theirs.Values.Sum());
        var customer = theirs.GetValueOrDefault(billing == BillingMode.Prepaid ? $"liabilities:prepaid:{Org}" : $"assets:receivable:{Org}");
        Assert.Equal(ours, -customer);
    }

    [Fact]
    public async Task A_range_opens_with_what_was_before_so_that_balances_stay_the_same()
    {
        await using var world = await ApiWorld.StartAsync();
        var ours = await RandomAsync(world, 4, "USD", BillingMode.Prepaid, "UTC");
        var tomorrow = DateTime.UtcNow.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var journal = (await world.RunAsync("export", "journal", "--format", "hledger", "--org", Org, "--from", tomorrow)).Out;

        Assert.Contains("opening balances", journal, StringComparison.Ordinal);
        Assert.Equal(ours, -(await HledgerAsync(journal))[$"liabilities:prepaid:{Org}"]);
    }

    /// <summary>Strict: every line is one of the few that a journal of ours may have, every transaction sums to zero, every account is open.</summary>
    [Fact]
    public async Task Beancount_gets_lines_of_its_grammar_and_nothing_else()
    {
        await using var world = await ApiWorld.StartAsync();
        var ours = await RandomAsync(world, 5, "USD", BillingMode.Prepaid, "UTC");
        var journal = (await world.RunAsync("export", "journal", "--format", "beancount", "--org", Org)).Out;

        var (sum, open) = (0m, new HashSet<string>());
        foreach (var line in journal.Split('\n'))
        {
            if (BeancountOpen().Match(line) is { Success: true } opened) open.Add(opened.Groups[1].Value);
            else if (BeancountLine().Match(line) is { Success: true } entry)
            {
                Assert.Contains(entry.Groups[1].Value, open);
                sum += decimal.Parse(entry.Groups[2].Value, CultureInfo.InvariantCulture);
            }
            else if (line.Length == 0) Assert.Equal(0, sum);
            else Assert.Matches(BeancountOther(), line);
        }

        Assert.Equal(4, open.Count);
        Assert.Equal(ours, -Sums(journal, BeancountLine())["Liabilities:Prepaid:Org-a-2eb-3ac-40d-2be-2df"]);
    }

    [Fact]
    public async Task All_orgs_are_one_journal_with_accounts_of_their_own()
    {
        await using var world = await ApiWorld.StartAsync();
        var ours = await RandomAsync(world, 6, "EUR", BillingMode.Prepaid, "UTC");
        await world.ChargeAsync("1.5");
        var theirs = await HledgerAsync((await world.RunAsync("export", "journal", "--format", "hledger")).Out);
        Assert.Equal((-ours, -998.5m), (theirs[$"liabilities:prepaid:{Org}"], theirs["liabilities:prepaid:acme"]));
    }

    [Fact]
    public async Task Wrong_usage_ends_with_2_and_an_org_of_another_is_not_shown()
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal(2, (await world.RunAsync("export", "journal", "--format", "ledger", "--org", "acme")).ExitCode);
        Assert.Equal(2, (await world.RunAsync("export", "journal", "--format", "hledger", "--org", "nobody")).ExitCode);
        Assert.Equal(
            2, (await world.RunAsync("export", "journal", "--format", "hledger", "--org", "acme", "--from", "2026-11-02", "--to", "2026-11-01")).ExitCode);
    }

    /// <summary>Top-ups, grants, charges of every size, corrections with reasons that no format likes.</summary>
    /// <returns>The customer account's balance, as the ledger signs it.</returns>
    private static async Task<decimal> RandomAsync(ApiWorld world, int seed, string asset, BillingMode billing, string zone)
    {
        var random = new Random(seed);
        await world.Ledger.SubmitAsync(new Command.OpenOrg(new(Org, asset, billing, null, zone)));
        await world.Ledger.SubmitAsync(new Command.TopUp("first", Org, Amount.Parse("1000000")));
        for (var i = 0; i < 400; i++)
        {
            var amount = new Amount(random.NextInt64(0, 1L << random.Next(1, 45)));
            switch (random.Next(10))
            {
                case 0:
                    await world.Ledger.SubmitAsync(new Command.TopUp($"t{i}", Org, amount + new Amount(1)));
                    break;
                case 1:
                    await world.Ledger.SubmitAsync(new Command.Grant($"g{i}", Org, amount + new Amount(1), 0, null));
                    break;
                case 2:
                    await world.Ledger.SubmitAsync(new Command.Correct(
                        $"c{i}", Org, random.Next(1, i + 2), random.Next(2) == 0 ? null : amount, "said \"twice\"; \\ ticket:\n7  ; tag: x, y"));
                    break;
                default:
                    await world.ChargeAsync(amount.ToString(), Org);
                    break;
            }
        }

        return world.Ledger.Read.Balance(Org)!.Balance.ToDecimal();
    }

    private static Dictionary<string, decimal> Sums(string journal, Regex line) => line.Matches(journal)
        .GroupBy(match => match.Groups[1].Value, match => decimal.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)).ToDictionary(
            account => account.Key, account => account.Sum());

    private static async Task<Dictionary<string, decimal>> HledgerAsync(string journal)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, journal);
            using var hledger = Start("hledger", "-f", file, "balance", "--flat", "--no-total", "-O", "csv", "-c", "1000.000000000");
            var (text, error) = (await hledger.StandardOutput.ReadToEndAsync(), await hledger.StandardError.ReadToEndAsync());
            await hledger.WaitForExitAsync();
            Assert.True(hledger.ExitCode == 0, error);
            return BalanceLine().Matches(text).ToDictionary(
                match => match.Groups[1].Value, match => decimal.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Process Start(string program, params string[] args)
    {
        try
        {
            return Process.Start(
                new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["LC_ALL"] = "C.UTF-8" } })!;
        }
        catch (System.ComponentModel.Win32Exception) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip($"{program} is not here.");
            throw;
        }
    }

    [GeneratedRegex(@"^    ([a-z]+:[a-z]+:\S+)  (-?[0-9.]+) ""?[A-Z]", RegexOptions.Multiline)]
    private static partial Regex HledgerLine();

    [GeneratedRegex(@"^""([^""]+)"",""(-?[0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex BalanceLine();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d open ((?:Assets|Liabilities|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+) [A-Z][A-Z0-9]*$")]
    private static partial Regex BeancountOpen();

    [GeneratedRegex(@"^  ([A-Z][A-Za-z0-9:-]+)  (-?\d+(?:\.\d{1,9})?) [A-Z][A-Z0-9]*$", RegexOptions.Multiline)]
    private static partial Regex BeancountLine();

    [GeneratedRegex(@"^(?:option ""[a-z_]+"" ""(?:[^""\\]|\\.)*""|\d{4}-\d\d-\d\d \* ""(?:[^""\\]|\\.)*""|  [a-z][a-z-]*: ""(?:[^""\\]|\\.)*"")$")]
    private static partial Regex BeancountOther();
}
