using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Console.Tests;

/// <summary>Who sees a page: whoever signed in, as long as the token stands.</summary>
public sealed class SessionTests
{
    // Goal: no page without a session, whatever is added later. Method: every address of the console, asked by a stranger.
    [Fact]
    public async Task A_stranger_sees_the_sign_in_page_and_nothing_else()
    {
        await using var world = await ConsoleWorld.StartAsync();
        string[] open = ["/sign-in", "/sign-out", "/signed-out", "/assets/{name}"];
        var pages = world.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'))
            .Where(path => !path.StartsWith("/api/", StringComparison.Ordinal) && !path.StartsWith("/v1", StringComparison.Ordinal)
                && !path.StartsWith("/_framework", StringComparison.Ordinal) && path is not ("/healthz" or "/readyz" or "/metrics"))
            .Except(open).Distinct().ToList();
        Assert.Contains("/", pages);
        Assert.Contains("/spend", pages);
        foreach (var page in pages)
        {
            using var answer = await world.Browser.GetAsync(page, TestContext.Current.CancellationToken);
            Assert.Equal((page, HttpStatusCode.Redirect), (page, answer.StatusCode));
            Assert.StartsWith("/sign-in", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task After_signing_in_one_is_where_one_wanted_to_go_and_nowhere_else()
    {
        await using var world = await ConsoleWorld.StartAsync();
        using var asked = await world.Browser.GetAsync("/spend?by=model", TestContext.Current.CancellationToken);
        Assert.Equal("/sign-in?to=%2Fspend%3Fby%3Dmodel", asked.Headers.Location!.OriginalString);
        foreach (var (to, back) in ((string, string)[])[("%2Fspend%3Fby%3Dmodel", "/spend?by=model"), ("https%3A%2F%2Fevil.example", "/"),
            ("%2F%2Fevil.example", "/"), ("%2F%5Cevil.example", "/"), ("", "/")])
        {
            using var signed = await world.SubmitAsync($"/sign-in?to={to}", action: null, ("Sent.Token", ConsoleWorld.Admin));
            Assert.Equal((to, back), (to, signed.Headers.Location?.OriginalString));
        }

        Assert.Equal(HttpStatusCode.OK, (await world.GetAsync("/")).Status);
    }

    [Fact]
    public async Task A_wrong_token_is_refused_with_a_reason_and_never_shown_again()
    {
        await using var world = await ConsoleWorld.StartAsync();
        using var refused = await world.SubmitAsync("/sign-in", action: null, ("Sent.Token", "not-the-token"));
        var html = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("role=\"alert\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-token", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, (await world.GetAsync("/")).Status);
    }

    // Goal: a session is worth as much as its token. Method: a token with a role signs in and is revoked; another session signs out.
    [Fact]
    public async Task A_session_ends_with_its_token_and_when_one_signs_out()
    {
        await using var world = await ConsoleWorld.StartAsync();
        var token = await world.ApiAsync(HttpMethod.Post, "tokens", new { role = "viewer", name = "eve" });
        await world.SignInAsync(token.GetProperty("token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await world.GetAsync("/")).Status);
        await world.ApiAsync(HttpMethod.Post, $"tokens/{token.GetProperty("id").GetString()}/revoke");
        Assert.Equal(HttpStatusCode.Redirect, (await world.GetAsync("/")).Status);

        await world.SignInAsync();
        using var left = await world.SubmitAsync("/", "/sign-out");
        Assert.Equal("/signed-out", left.Headers.Location?.OriginalString);
        Assert.Equal(HttpStatusCode.Redirect, (await world.GetAsync("/")).Status);
    }

    // Goal: another site signs nobody out or in. Method: the forms without their token against forgery, and a link.
    [Fact]
    public async Task A_form_without_its_token_against_forgery_changes_nothing()
    {
        await using var world = await ConsoleWorld.StartAsync();
        await world.SignInAsync();
        using var forged = await world.Browser.PostAsync("/sign-out", new FormUrlEncodedContent([]), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await world.GetAsync("/sign-out")).Status);
        Assert.Equal(HttpStatusCode.OK, (await world.GetAsync("/")).Status);
    }
}
