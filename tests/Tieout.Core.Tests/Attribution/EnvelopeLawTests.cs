using System.Buffers.Text;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Attribution;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

/// <summary>What holds for every token, not only for those somebody thought of.</summary>
public sealed class EnvelopeLawTests
{
    // Printable on purpose: what is not ASCII is refused before anything else is tried.
    private static readonly Gen<(int Place, char With)> AnyChange =
        from place in Gen.Choose(0, Token.Length - 1)
        from with in Gen.Choose('!', '~')
        select (place, (char)with);

    private const string Likely = "{}[]\":,.=-_ \\algkidtypcritvsu0123456789e+\0\r\n";

    [Fact]
    public void A_token_with_any_character_changed_is_refused() =>
    Check.One(Config.QuickThrowOnFailure.WithMaxTest(3_000), Prop.ForAll(Arb.From(AnyChange), change =>
    {
        var changed = Token.Remove(change.Place, 1).Insert(change.Place, change.With.ToString());
        return changed == Token || Verify(changed) is EnvelopeVerdict.Refused;
    }));

    [Fact]
    public void A_token_with_any_single_bit_flipped_is_refused()
    {
        for (var place = 0; place < Token.Length; place++)
        {
            for (var bit = 0; bit < 16; bit++)
            {
                var changed = Token.ToCharArray();
                changed[place] = (char)(changed[place] ^ (1 << bit));
                Assert.IsType<EnvelopeVerdict.Refused>(Verify(new string(changed)));
            }
        }
    }

    [Fact]
    public void A_token_that_is_cut_or_longer_is_refused()
    {
        for (var length = 0; length < Token.Length; length++) Assert.IsType<EnvelopeVerdict.Refused>(Verify(Token[..length]));
        foreach (var more in "A.= \0,") Assert.IsType<EnvelopeVerdict.Refused>(Verify(Token + more));
    }

    // Any envelope at all: what is signed is read back, and as nothing else.
    [Fact]
    public void A1_every_envelope_survives_being_written_and_read()
    {
        var name = Gen.Elements("a", "acme", "a/b", "user:jane@acme.example", "018f-2+x", new string('z', 128));
        var any =
            from names in name.ArrayOf(6)
            from hasParent in Gen.Elements(true, false)
            from seconds in Gen.Choose(1, 604_800)
            select new Envelope(
                names[0], names[1], names[2], names[3], names[4], hasParent ? names[5] : null, Audience, Noon, Noon + TimeSpan.FromSeconds(seconds));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Arb.From(any), envelope =>
            Verify(EnvelopeToken.Sign(envelope, Ring.Active!)) is EnvelopeVerdict.Valid valid && valid.Envelope == envelope));
    }

    // Goal: no input makes the reader throw, before the signature or behind it. Method: for two seconds, random text as token, as header and as claims.
    [Fact]
    public void No_input_breaks_the_reader()
    {
        var until = DateTime.UtcNow.AddSeconds(2);
        var random = new Random(20261122);
        for (var size = 1; DateTime.UtcNow < until; size = size % 200 + 1)
        {
            var text = string.Concat(
                Enumerable.Range(0, size).Select(_ => random.Next(10) == 0 ? (char)random.Next(0x10000) : Likely[random.Next(Likely.Length)]));
            var mutated = Mutate(random, Claims);
            Assert.IsType<EnvelopeVerdict.Refused>(Verify(text));
            Assert.IsType<EnvelopeVerdict.Refused>(Verify($"{Encode(text)}.{Encode(text)}.{Encode(text)}"));
            Verify(Signed(Header, text));
            Verify(Signed(Mutate(random, Header), mutated));
            if (Verify(Signed(Header, mutated)) is EnvelopeVerdict.Valid valid) Assert.Null(valid.Envelope.Validate());
            EnvelopeToken.UnverifiedOrg(Signed(Header, mutated));
            EnvelopeToken.UnverifiedOrg(text);
        }
    }

    private static string Mutate(Random random, string json)
    {
        var characters = json.ToCharArray();
        for (var i = random.Next(1, 4); i > 0; i--) characters[random.Next(characters.Length)] = (char)random.Next(1, 256);
        return new string(characters);
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
