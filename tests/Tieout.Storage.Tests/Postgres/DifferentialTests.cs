using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Sqlite;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>The two stores are one ledger: the same commands come to the same, whatever they are kept in.</summary>
public sealed class DifferentialTests : IDisposable
{
    private static readonly int Commands = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 100_000 : 15_000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    // Goal: no difference between the stores. Method: thousands of random commands in random lists, the same to SQLite, to PostgreSQL with one bucket and
    // to PostgreSQL with 64. With one bucket everything is the same to the last byte, which the hash of the chain says; with 64, where numbers are
    // each bucket's own, all outcomes, balances and windows are.
    [Fact]
    public async Task L3_L4_B2_the_same_commands_come_to_the_same_in_every_store()
    {
        var one = PostgresServer.Instance.NewDatabase();
        var many = PostgresServer.Instance.NewDatabase();
        await using var sqlite = SqliteLedger.Open(_folder.Path, _clock);
        await using var single = await PostgresLedger.OpenAsync(one, buckets: 1, LedgerWriter.BatchMax, _clock);
        await using var spread = await PostgresLedger.OpenAsync(many, buckets: 64, LedgerWriter.BatchMax, _clock);
        var random = new RandomCommands(new Random(20260311), _clock);

        for (var sent = 0; sent < Commands;)
        {
            _clock.Now += TimeSpan.FromSeconds(random.Next(120));
            var list = random.List(Math.Min(Commands - sent, random.Next(1_000) + 1));
            sent += list.Count;
            var outcomes = await sqlite.SubmitAsync([.. list.Select(make => make(0))], Cancel);
            Assert.Equal(outcomes, await single.SubmitAsync([.. list.Select(make => make(0))], Cancel));
            var others = await spread.SubmitAsync([.. list.Select(make => make(1))], Cancel);
            for (var i = 0; i < list.Count; i++)
            {
                Assert.True(WithoutNumbers(outcomes[i]) == WithoutNumbers(others[i]), $"{list[i](0)}\nin one book: {outcomes[i]}\nin many: {others[i]}");
            }

            random.Learn(outcomes, others);
        }

        AssertSame(sqlite.Read, single.Read);
        AssertSame(sqlite.Read, spread.Read);
        Assert.Equal(sqlite.ChainHash, PostgresServer.Instance.Sql(new Uri(one).AbsolutePath[1..], "SELECT upper(encode(hash, 'hex')) FROM heads"));
        await sqlite.DisposeAsync();
        Verified.Clean(_folder.Path);
        PostgresVerified.Clean(one);
        PostgresVerified.Clean(many);
    }

    private static Outcome WithoutNumbers(Outcome outcome) => outcome switch
    {
        Outcome.Done done => done with { Seq = 0 },
        Outcome.Replayed replayed => replayed with { Seq = 0 },
        _ => outcome,
    };

    private void AssertSame(ILedgerReader expected, ILedgerReader actual)
    {
        Assert.Equal(RandomCommands.Orgs.Length, expected.Orgs.Count);
        foreach (var org in RandomCommands.Orgs)
        {
            var (left, right) = (expected.Balance(org)!, actual.Balance(org)!);
            Assert.Equal((left.Debits, left.Credits, left.Held, left.Version), (right.Debits, right.Credits, right.Held, right.Version));
            Assert.Equal(left.Grants.AsEnumerable(), right.Grants);
            Assert.Equal(Windows(expected, org), Windows(actual, org));
            Assert.Equal(expected.SpentToday(org, _clock.Now), actual.SpentToday(org, _clock.Now));
            Assert.Equal(expected.OpenHolds(org).Select(hold => hold.Id).Order(), actual.OpenHolds(org).Select(hold => hold.Id).Order());
        }
    }

    private List<(string, string?, Amount, Amount, Amount?, int)> Windows(ILedgerReader read, string org) =>
    [
        .. read.Budgets(org, _clock.Now)
            .Select(standing => (standing.State.Budget.Id, standing.Each, standing.Posted, standing.Held, standing.Left, standing.LastAlertedPercent))
            .Order(),
    ];

    /// <summary>Random commands of everything that spends, with replays, conflicts and refusals among them.</summary>
    private sealed class RandomCommands(Random random, FakeClock clock)
    {
        public static readonly string[] Orgs = [.. Enumerable.Range(1, 20).Select(number => $"org{number}")];

        private static readonly string?[] Teams = ["red", "blue", null];
        private static readonly string?[] Users = ["u1", "u2", "u3", null];
        private readonly List<Command.PlaceHold> _held = [];
        private readonly List<Command> _money = [];
        private readonly List<(string Org, long[] Postings)> _charges = [];
        private List<(int Index, string Org)> _charging = [];
        private int _ids;
        private bool _opened;

        public int Next(int below) => random.Next(below);

        /// <summary>Commands, made for a store: 0, one book; 1, many. They differ in the numbers of postings that they name.</summary>
        public List<Func<int, Command>> List(int count)
        {
            _charging = [];
            var list = new List<Func<int, Command>>();
            if (!_opened) list.AddRange(Opening().Select(command => (Func<int, Command>)(_ => command)));
            _opened = true;
            while (list.Count < count) list.Add(Any(list.Count));
            return list;
        }

        public void Learn(IReadOnlyList<Outcome> one, IReadOnlyList<Outcome> many)
        {
            foreach (var (index, org) in _charging)
            {
                if (one[index] is Outcome.Done charged && many[index] is Outcome.Done too) _charges.Add((org, [charged.Seq, too.Seq]));
            }
        }

        private static IEnumerable<Command> Opening()
        {
            foreach (var org in Orgs)
            {
                yield return Make.OpenOrg(
                    org, org == "org1" ? BillingMode.Postpaid : BillingMode.Prepaid, org == "org1" ? 1_000_000 : null, org == "org2" ? "Asia/Tokyo" : "UTC");
                yield return Make.TopUp(2_000_000, "start", org);
            }
        }

        private Func<int, Command> Any(int index)
        {
            // Corrections, budgets and closings are decided alone, and each cuts the list in two: few, or the test would be about little else.
            var command = random.Next(1_000) switch
            {
                < 300 => Hold(),
                < 580 => SettleOne(),
                < 840 => Charge(),
                < 880 => new Command.Release(SomeHeld()?.Id ?? Make.Id(0)),
                < 920 => new Command.ExpireHold(SomeHeld()?.Id ?? Make.Id(0)),
                < 950 => Money(Make.TopUp(random.Next(20_000), $"t{_ids++}", Org())),
                < 965 => Money(new Command.Grant($"g{_ids++}", Org(), new(random.Next(1, 5_000)), random.Next(2),
                    random.Next(2) == 0 ? null : clock.Now + TimeSpan.FromHours(random.Next(1, 30)))),
                < 975 => new Command.ExpireGrant(Org(), $"g{random.Next(_ids + 1)}"),
                < 995 => _money.Count > 0 ? _money[random.Next(_money.Count)] : Charge(),
                < 997 => Budget(),
                _ => null,
            };
            if (command is Command.Charge charge) _charging.Add((index, charge.Usage.Usage.Labels.Org));
            if (command is not null) return _ => command;
            if (_charges.Count == 0) return _ => new Command.Release(Make.Id(0));
            var (org, postings) = _charges[random.Next(_charges.Count)];
            var (id, amount) = ($"c{_ids++}", random.Next(3) == 0 ? (Amount?)null : new Amount(random.Next(100)));
            if (amount is not null || random.Next(2) == 0) return store => new Command.Correct(id, org, postings[store], amount, "found");
            var anew = new Command.Charge(Make.Priced(_ids++, random.Next(100), Make.Labels(org), at: clock.Now), Fact: true);
            return store => new Command.Recharge(org, [new(id, org, postings[store], NewAmount: null, "late")], [anew]);
        }

        private Command.PlaceHold Hold()
        {
            if (random.Next(20) == 0 && SomeHeld() is { } known) return random.Next(2) == 0 ? known : known with { Amount = known.Amount + new Amount(1) };
            var hold = new Command.PlaceHold(
                NewId(), Labels(), Users[random.Next(Users.Length)], $"op{_ids}", new(random.Next(300)), TimeSpan.FromSeconds(random.Next(1, 4_000)));
            _held.Add(hold);
            return hold;
        }

        private Command SettleOne()
        {
            if (SomeHeld() is not { } hold) return Hold();
            var number = BitConverter.ToInt32(hold.Id.Value.ToByteArray());
            var charge = random.Next(30) == 0 ? 301 : number % 290;
            return Make.Settle(number, charge, Make.Labels(hold.Labels.Org, hold.Labels.Team, hold.Labels.Key, model: number % 2 == 0 ? "m" : "m2"),
                hold.EndUser, clock.Now - hold.Lifetime / 2);
        }

        private Command Charge()
        {
            if (random.Next(12) == 0 && _money.OfType<Command.Charge>().LastOrDefault() is { } known) return known;
            var charge = Make.Charge(++_ids, random.Next(200), Labels(), Users[random.Next(Users.Length)],
                clock.Now - TimeSpan.FromHours(random.Next(20) == 0 ? random.Next(1_200) : 0), random.Next(4) == 0);
            if (random.Next(10) == 0) _money.Add(charge);
            return charge;
        }

        private Command Money(Command command)
        {
            _money.Add(command);
            return command;
        }

        private Command Budget() => random.Next(12) == 0
            ? new Command.ClosePeriod(Org(), new(2026, 1))
            : Make.Budget(
                random.Next(20_000), new BudgetScope(Org(), Team: Teams[random.Next(Teams.Length)], User: random.Next(3) == 0 ? BudgetScope.EachUser : null),
                (WindowUnit[])[WindowUnit.Hour, WindowUnit.Day, WindowUnit.Month, WindowUnit.Total] is var units ? units[random.Next(units.Length)] : default,
                random.Next(2) == 0);

        private Command.PlaceHold? SomeHeld() => _held.Count == 0 ? null : _held[Math.Max(0, _held.Count - 1 - random.Next(Math.Min(_held.Count, 400)))];

        private AttemptId NewId() => Make.Id(++_ids);

        private string Org() => Orgs[random.Next(Orgs.Length)];

        private UsageLabels Labels() => Make.Labels(Org(), Teams[random.Next(Teams.Length)], key: $"k{random.Next(3)}");
    }
}
