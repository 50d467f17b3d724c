using System.Net;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway.Routing;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Who guesses waits, and nobody else does.</summary>
public sealed class GuessTableTests
{
    private const int Free = 5;
    private static readonly IPAddress Guesser = IPAddress.Parse("192.0.2.1"), Other = IPAddress.Parse("192.0.2.2");

    private readonly ManualClock _clock = new();
    private readonly GuessTable _table;

    public GuessTableTests() => _table = new(Free, _clock);

    [Fact]
    public void After_the_free_wrong_credentials_an_address_waits_longer_and_longer_up_to_a_minute()
    {
        List<double> pauses = [];
        for (var round = 0; round < 12; round++)
        {
            if (round == 0) Guess(Guesser, Free);
            else Assert.Null(_table.Judge(Guesser, Secret(1_000 + round), null));
            var wait = _table.Judge(Guesser, "short", null);
            pauses.Add(wait!.Value.TotalSeconds);
            _clock.Move(wait.Value.TotalSeconds);
        }

        Assert.Equal([1d, 2, 4, 8], pauses.Take(4));
        Assert.InRange(pauses[^1], 32, 60);
        Assert.Equal(Free + 11, _table.Wrong);
        Assert.Equal(12, _table.Delayed);
        _clock.Move(3_600);
        Guess(Guesser, Free - 1);
        Assert.Null(_table.Judge(Guesser, Secret(7), null));
    }

    [Fact]
    public void While_an_address_waits_a_right_credential_passes_only_if_it_was_accepted_from_there_before()
    {
        Assert.Null(_table.Judge(Guesser, Secret(1), "key_old"));
        Guess(Guesser, Free);
        Assert.Null(_table.Judge(Guesser, Secret(1), "key_old"));
        Assert.NotNull(_table.Judge(Guesser, Secret(2), "key_guessed"));
        Assert.Null(_table.Judge(Other, Secret(2), "key_guessed"));
    }

    [Fact]
    public void Guesses_of_one_key_from_many_addresses_wait_too()
    {
        for (var i = 0; i < Free; i++) Assert.Null(_table.Judge(new IPAddress([10, 0, 0, (byte)i]), $"tk_ABCDEFGH-and-the-rest-{i}", null));
        Assert.NotNull(_table.Judge(new IPAddress([10, 0, 1, 0]), "tk_ABCDEFGH-and-the-rest-9", null));
        Assert.Null(_table.Judge(new IPAddress([10, 0, 1, 0]), "tk_HGFEDCBA-and-the-rest-9", null));
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_are_one_address()
    {
        for (var i = 0; i < Free; i++) Assert.Null(_table.Judge(IPAddress.Parse($"2001:db8:1:1::{i + 1}"), Secret(i), null));
        Assert.NotNull(_table.Judge(IPAddress.Parse("2001:db8:1:1::ffff"), Secret(9), null));
        Assert.Null(_table.Judge(IPAddress.Parse("2001:db8:1:2::1"), Secret(9), null));
    }

    [Fact]
    public void A_flood_of_addresses_does_not_push_out_one_that_goes_on_guessing()
    {
        Guess(Guesser, Free);
        for (var i = 0; i < 100_000; i++) _table.Judge(new IPAddress(0x0A000000L + i), "short", null);
        Assert.NotNull(_table.Judge(Guesser, "short", null));
    }

    private void Guess(IPAddress from, int times)
    {
        for (var i = 0; i < times; i++) Assert.Null(_table.Judge(from, Secret(i), null));
    }

    private static string Secret(int number) => $"tk_{number:D8}-the-rest-of-it";
}
