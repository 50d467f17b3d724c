using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Step 2 is one decision, and its refusals have a fixed order.</summary>
public sealed class GuardrailsTests
{
    private const string Two = """
        providers: { openai: { base_url: "http://127.0.0.1:1" }, anthropic: { base_url: "http://127.0.0.1:2", dialect: anthropic } }
        models:
          - { name: gpt, upstreams: [ { provider: openai, model: gpt-4o } ] }
          - { name: claude, upstreams: [ { provider: anthropic, model: claude-sonnet-4 } ] }
        """;

    private const string One = """
        providers: { openai: { base_url: "http://127.0.0.1:1" } }
        """;

    // Each row repairs what the row before was refused for.
    [Theory]
    [InlineData("usage.write", "other", "bob", "gone", "scope_not_allowed")]
    [InlineData("inference", "other", "bob", "gone", "model_not_allowed")]
    [InlineData("inference", "gone", "bob", "gone", "tag_pinned")]
    [InlineData("inference", "gone", "ann", "gone", "model_not_found")]
    [InlineData("inference", "claude", "ann", "claude", "parameter_invalid")]
    [InlineData("inference", "gpt", "ann", "gpt", null)]
    public void The_first_refusal_in_the_order_is_the_one_given(string scope, string allowed, string user, string model, string? refused)
    {
        using var routes = Routes(Two);
        var terms = new KeyTerms(Scopes: [scope], Models: [allowed], Pins: new KeyPins(User: "ann"));

        var decision = Guardrails.Decide(Call(routes, model, user, terms));

        Assert.Equal(refused, decision.Refused?.Error.Code);
        Assert.Equal(refused is null ? "gpt" : null, decision.Route?.Name);
    }

    [Theory]
    [InlineData(One, "gpt-4o", false)]
    [InlineData(One, "ft:gpt-4o:acme::1", true)]
    [InlineData(Two, "gpt", false)]
    public void A_model_that_may_be_of_one_account_is_checked_with_the_ledger(string yaml, string model, bool isChecked)
    {
        using var routes = Routes(yaml);

        var decision = Guardrails.Decide(Call(routes, model, user: null, terms: null));

        Assert.False(decision.IsRefused);
        Assert.Equal(isChecked, decision.ChecksModel);
    }

    private static GuardedCall Call(Routes routes, string model, string? user, KeyTerms? terms)
    {
        var key = new ApiKey(
            "key", "acme", Team: null, Project: null, Name: null, SecretSha256: "", Blocked: false, DateTimeOffset.UnixEpoch)
        { Terms = terms };
        var spender = new Spender(key, []);
        return new(spender, KeyScope.Chat, ProviderDialect.OpenAi, new GatewayRequest { Model = model, User = user, Bytes = 0 }, routes);
    }

    private static Routes Routes(string yaml) => new(TieoutYaml.Read(yaml, "t.yaml", _ => null));
}
