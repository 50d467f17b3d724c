using System.Net;
using Tieout.Server.Tenancy;
using Tieout.Tests;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Who guesses waits, and nobody else does.</summary>
public sealed class GuessTableTests
{
    private const int Free = 5;
    private const string Beginning = "tk_ABCDEFGH";
    private static readonly IPAddress Guesser = IPAddress.Parse("192.0.2.1"), Other = IPAddress.Parse("192.0.2.2");

    private readonly ManualClock _clock = new();
    private readonly GuessTable _table;

    public GuessTableTests() => _table = new(Free, _clock);

    [Fact]
    public void After_the_free_wrong_credentials_a_pair_waits_longer_and_longer_up_to_a_minute_and_is_forgotten_when_it_stops()
    {
        List<double> pauses = [];
        Guess(Guesser, Free - 1, Beginning);
        for (var round = 0; round < 12; round++)
        {
            Assert.Null(_table.Wait(Guesser, Secret(Beginning, round)));
            _table.Count(Guesser, Secret(Beginning, round));
            var wait = _table.Wait(Guesser, Secret(Beginning, round));
            pauses.Add(wait!.Value.TotalSeconds);
            _clock.Move(wait.Value.TotalSeconds);
        }

        Assert.Equal([1d, 2, 4, 8], pauses.Take(4));
        Assert.InRange(pauses[^1], 32, 60);
        Assert.Equal((Free + 11, 12), (_table.Wrong, _table.Unseen));
        _clock.Move(3_600);
        Guess(Guesser, Free - 1, Beginning);
        Assert.Null(_table.Wait(Guesser, Secret(Beginning, 0)));
    }

    [Fact]
    public void A_pair_waits_and_neither_the_same_beginning_elsewhere_nor_another_beginning_from_there_does()
    {
        Guess(Guesser, Free, Beginning);
        Assert.NotNull(_table.Wait(Guesser, Secret(Beginning, 99)));
        Assert.Null(_table.Wait(Other, Secret(Beginning, 99)));
        Assert.Null(_table.Wait(Guesser, Secret("tk_HGFEDCBA", 99)));
        Assert.Null(_table.Wait(Guesser, Secret("ABCDEFGH", 99)));
    }

    [Theory]
    [InlineData("tk_ABCDEFGH")]
    [InlineData("longer_key_ABCDEFGH")]
    [InlineData("0123abcd")]
    public void A_beginning_is_eight_characters_behind_the_prefix_and_what_follows_makes_no_difference(string beginning)
    {
        Guess(Guesser, Free, beginning);
        Assert.NotNull(_table.Wait(Guesser, beginning + new string('Z', 40)));
        Assert.Null(_table.Wait(Guesser, beginning[..^1] + new string('Z', 40)));
    }

    [Fact]
    public void An_address_that_sends_any_wrong_credentials_is_told_to_wait_and_what_is_right_from_there_is_looked_up()
    {
        for (var i = 0; i < 100; i++)
        {
            var right = Secret("tk_" + i.ToString("D8", null), 1);
            Assert.Null(_table.Wait(Guesser, right));
            Assert.Equal(i < Free, _table.Count(Guesser, Secret("tk_" + (900 + i).ToString("D8", null), i)) is null);
        }

        Assert.Null(_table.Count(Other, "short"));
        Assert.Equal((101, 0), (_table.Wrong, _table.Unseen));
    }

    [Fact]
    public void Guesses_of_an_address_that_waits_already_count_against_their_beginning()
    {
        for (var i = 0; i < 50; i++) _table.Count(Guesser, "short");
        Guess(Guesser, Free, Beginning);
        Assert.NotNull(_table.Wait(Guesser, Secret(Beginning, 99)));
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_are_one_address()
    {
        for (var i = 0; i < Free; i++) _table.Count(IPAddress.Parse($"2001:db8:1:1::{i + 1}"), Secret(Beginning, i));
        Assert.NotNull(_table.Wait(IPAddress.Parse("2001:db8:1:1::ffff"), Secret(Beginning, 9)));
        Assert.NotNull(_table.Count(IPAddress.Parse("2001:db8:1:1::ffff"), "short"));
        Assert.Null(_table.Wait(IPAddress.Parse("2001:db8:1:2::1"), Secret(Beginning, 9)));
        Assert.Null(_table.Count(IPAddress.Parse("2001:db8:1:2::1"), "short"));
    }

    [Fact]
    public void A_flood_of_addresses_and_beginnings_does_not_push_out_one_that_goes_on_guessing()
    {
        Guess(Guesser, Free, Beginning);
        for (var i = 0; i < 100_000; i++) _table.Count(new IPAddress(0x0A000000L + i), Secret("tk_" + i.ToString("D8", null), 0));
        Assert.NotNull(_table.Wait(Guesser, Secret(Beginning, 99)));
        Assert.NotNull(_table.Count(Guesser, "short"));
    }

    [Fact]
    public void A_right_credential_costs_no_allocation_while_others_guess()
    {
        Guess(Guesser, Free, Beginning);
        var right = Secret("tk_HGFEDCBA", 1);
        Assert.Null(_table.Wait(Guesser, right));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) _table.Wait(Guesser, right);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private void Guess(IPAddress from, int times, string beginning)
    {
        for (var i = 0; i < times; i++) _table.Count(from, Secret(beginning, i));
    }

    private static string Secret(string beginning, int number) => $"{beginning}-the-rest-of-it-is-random-{number:D8}";
}
