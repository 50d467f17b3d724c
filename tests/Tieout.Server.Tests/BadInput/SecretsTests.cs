using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.BadInput;

/// <summary>What must stay where it belongs: keys, tokens, envelopes and what people write to models.</summary>
public sealed class SecretsTests
{
    private const string Prompt = "a-prompt-that-is-nobodys-business";
    private const string Written = "an-answer-that-is-nobodys-business";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: no secret in a log, an error or a header. Method: every kind of secret in every place it comes in by, in calls that go well and in calls that do
    // not,
    // with every category logged down to Trace; then all that came out is searched. What a call that went well was asked for is its own and left out.
    [Fact]
    public async Task No_secret_comes_out_anywhere_however_much_is_logged()
    {
        var logged = new Everything();
        var answers = new StringBuilder();
        await using var provider = RawProvider.Start();
        await using var world = await World.StartAsync(providerUrl: provider.Url, change: options => options with
        {
            AdminToken = EnvelopeWorld.Admin,
            EnvelopeSecret = Server.Attribution.EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText),
        });
        logged.Attach(world);
        var envelopes = new EnvelopeWorld { World = world };
        var envelope = await envelopes.IssueAsync();
        var rewritten = EnvelopeWorld.Rewritten(envelope, "acme", "beta");
        string[] secrets = [World.Secret, World.ProviderKey, EnvelopeWorld.Admin, "tk-wrong-but-secret", EnvelopeWorld.SecretText, envelope, rewritten,
            envelope.Split('.')[2], Prompt, Written];

        var body = $$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{Prompt}}"}],"user":"{{Prompt}}"}""";
        var echo = $$$"""{"error":{"message":"Incorrect API key provided: {{{World.ProviderKey}}}.","type":"invalid_request_error"}}""";
        byte[][] replies =
        [
            RawProvider.Http("application/json",
                Encoding.UTF8.GetBytes(
                    $$$"""{"model":"gpt-4o","choices":[{"message":{"content":"{{{Written}}}"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""")),
            RawProvider.Http("text/event-stream", Encoding.UTF8.GetBytes($$$"""data: {"choices":[{"delta":{"content":"{{{Written}}}"}}]}""")),
            RawProvider.Http("application/json", Encoding.UTF8.GetBytes($"{{\"{Written}")),
            Encoding.UTF8.GetBytes($"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: {echo.Length}\r\nConnection: close\r\n\r\n{echo}"),
            Encoding.UTF8.GetBytes($"{Written}\r\n\r\n"),
            [],
        ];
        foreach (var reply in replies)
        {
            provider.Answer = [reply];
            foreach (var sent in (string[])[body, body.Replace("\"messages\"", "\"stream\":true,\"messages\"", StringComparison.Ordinal), body[..^3],
                $"{{\"model\":\"{Prompt}\"}}"])
            {
                await AskAsync("/v1/chat/completions", sent, $"Authorization: Bearer {World.Secret}", $"Tieout-Envelope: {envelope}");
                await AskAsync("/v1/chat/completions", sent, $"Authorization: Bearer {World.Secret}", $"Tieout-Envelope: {rewritten}");
                await AskAsync("/v1/messages", sent, $"x-api-key: {World.Secret}", "Tieout-Feature: " + Prompt + " " + Prompt);
                await AskAsync($"/v1beta/models/gpt-4o:generateContent?key={World.Secret}", sent);
                await AskAsync($"/v1/nothing?api_key={World.Secret}&token={EnvelopeWorld.Admin}", sent, "Authorization: Bearer tk-wrong-but-secret");
                await AskAsync("/api/v1/usage", sent, $"Authorization: Bearer {EnvelopeWorld.Admin}");
                await AskAsync("/v1/traces", sent, $"Authorization: Bearer {World.Secret}");
                await AskAsync("/api/v1/envelopes/verify", $$"""{"envelope":"{{rewritten}}"}""", $"Authorization: Bearer {World.Secret}");
                await AskAsync("/api/v1/orgs", $$"""{"id":"{{World.Secret}} {{Prompt}}","asset":7}""", $"Authorization: Bearer {EnvelopeWorld.Admin}");
            }
        }

        Assert.True(logged.Lines.Count > 100, $"{logged.Lines.Count} lines were logged: too few to say anything.");
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(logged.Lines, line => line.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(secret, answers.ToString(), StringComparison.Ordinal);
        }

        async Task AskAsync(string path, string sent, params string[] headers)
        {
            try
            {
                using var response = await world.PostAsync(path, sent, headers);
                var text = await response.Content.ReadAsStringAsync(Stop);

                // An envelope is the client's own, and comes back to it.
                answers.Append(string.Concat(
                    response.Headers.Where(header => header.Key != "Tieout-Envelope").Select(header => $"{header.Key}: {string.Join(',', header.Value)}\n")));

                // A client's own text may stand in an answer, and so may its own mistake in a refusal: the model it asked for, the org it wanted.
                if (!response.IsSuccessStatusCode) answers.Append(path == "/api/v1/orgs" ? "" : text.Replace($"'{Prompt}'", "", StringComparison.Ordinal));
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                answers.Append("broken off");
            }
        }
    }

    /// <summary>All that any category says, down to Trace. The host's line for each request stays off, as the server has it: it holds addresses with
    /// keys.</summary>
    private sealed class Everything : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public void Attach(World world)
        {
            var filters = world.Server.Services.GetRequiredService<IOptionsMonitor<LoggerFilterOptions>>().CurrentValue;
            filters.MinLevel = LogLevel.Trace;
            foreach (var rule in filters.Rules.Where(rule => rule.LogLevel is not LogLevel.None).ToList()) filters.Rules.Remove(rule);
            world.Server.Services.GetRequiredService<ILoggerFactory>().AddProvider(this);
        }

        public ILogger CreateLogger(string categoryName) => new Category(this);

        public void Dispose() { }

        private sealed class Category(Everything all) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var fields = state is IEnumerable<KeyValuePair<string, object?>> named
                    ? string.Join(' ', named.Select(field => $"{field.Key}={field.Value}")) : "";
                all.Lines.Enqueue($"{formatter(state, exception)} {fields} {exception}");
            }
        }
    }
}
