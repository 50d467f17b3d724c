using System.Text.Json.Nodes;
using Tieout.Server.Triage.Packets;

namespace Tieout.Server.Tests.Triage;

public sealed class OtherTenantsTests
{
    private static readonly OtherTenants Others = new(new HashSet<string>(["beta", "acme-eu", "x.y", "a"], StringComparer.Ordinal));

    [Theory]
    [InlineData("meant for beta.", "meant for [another tenant].")]
    [InlineData("beta's, not acme's", "[another tenant]'s, not acme's")]
    [InlineData("alphabeta betamax BETA", "alphabeta betamax BETA")]
    [InlineData("acme-eu/x.y", "[another tenant]/[another tenant]")]
    [InlineData("charged to x.y: op-1", "charged to [another tenant]: op-1")]
    [InlineData("org=beta,owner=\"beta\"", "org=[another tenant],owner=\"[another tenant]\"")]
    [InlineData("team:beta/key-1", "team:[another tenant]/key-1")]
    [InlineData("mail to jane@beta, please", "mail to jane@[another tenant], please")]
    [InlineData("", "")]
    public void An_id_of_another_org_is_never_shown_and_other_words_stay(string text, string shown)
    {
        Assert.Equal(shown, Others.Hidden(text));
        Assert.Equal(text != shown, Others.AreNamedIn(text));
    }

    [Fact]
    public void Within_json_texts_are_looked_at_and_names_of_members_stay()
    {
        var node = JsonNode.Parse("""{"beta":["beta",{"why":"for beta","n":1,"none":null}],"own":"acme"}""");

        Assert.Equal(
            """{"beta":["[another tenant]",{"why":"for [another tenant]","n":1,"none":null}],"own":"acme"}""", Others.Hidden(node)!.ToJsonString());
    }
}
