using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Tools;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;

namespace Tieout.Bench.Spike;

/// <summary>What ten mitigations in force add to step 2 of one request: microseconds, in one process, without a network.</summary>
/// <param name="Plain">A chat of 21 messages without tools.</param>
/// <param name="Tools">An agent's conversation of 61 messages with 20 calls of tools.</param>
/// <param name="Cut">A chat of 101 messages, of which 80 are cut off.</param>
public sealed record GuardrailsBenchResult(AddedMicros Plain, AddedMicros Tools, AddedMicros Cut);

/// <param name="WithoutP50">Step 2 where the org has no mitigation.</param>
/// <param name="WithP50">Step 2 with ten.</param>
public sealed record AddedMicros(decimal WithoutP50, decimal WithP50, decimal WithP99)
{
    public decimal AddedP50 => WithP50 - WithoutP50;
}

/// <summary>Measures step 2 with and without ten mitigations, turn and turn about.</summary>
internal static class GuardrailsBench
{
    private const int Rounds = 20, CallsInRound = 1_000, WarmUp = 5_000;

    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    public static async Task<GuardrailsBenchResult> RunAsync()
    {
        using var routes = new Routes(TieoutYaml.Read("""
            providers: { openai: { base_url: "http://127.0.0.1:1" } }
            models: [ { name: gpt-4o, upstreams: [ { provider: openai, model: gpt-4o } ] }, { name: small, upstreams: [ { provider: openai, model: small } ] } ]
            """, "bench.yaml", _ => null));
        return new(await AddedAsync(routes, Chat(21)), await AddedAsync(routes, Agent(20)), await AddedAsync(routes, Chat(101)));
    }

    private static async Task<AddedMicros> AddedAsync(Routes routes, byte[] body)
    {
        var (without, with) = (new StepTwo(routes, body, []), new StepTwo(routes, body, Ten()));
        for (var i = 0; i < WarmUp; i++)
        {
            await without.RunAsync();
            await with.RunAsync();
        }

        var (none, ten) = (new List<long>(Rounds * CallsInRound), new List<long>(Rounds * CallsInRound));
        for (var round = 0; round < Rounds; round++)
        {
            await MeasureAsync(without, none);
            await MeasureAsync(with, ten);
        }

        none.Sort();
        ten.Sort();
        return new(Micros(none, 50), Micros(ten, 50), Micros(ten, 99));
    }

    private static async Task MeasureAsync(StepTwo step, List<long> ticks)
    {
        for (var i = 0; i < CallsInRound; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await step.RunAsync();
            ticks.Add(Stopwatch.GetTimestamp() - begun);
        }
    }

    private static decimal Micros(List<long> sorted, int percent) =>
        Math.Round((decimal)Stopwatch.GetElapsedTime(0, sorted[sorted.Count * percent / 100]).TotalMicroseconds, 2);

    /// <summary>Of every kind that a request passes; all are about the request, and none refuses it.</summary>
    private static ImmutableArray<StandingMitigation> Ten()
    {
        MitigationScope editor = new(Feature: "editor"), each = new(Feature: "editor", User: MitigationScope.Each);
        return
        [
            Of(MitigationKind.RateLimit, each, new(Requests: 50_000, PeriodSeconds: 1)),
            Of(MitigationKind.RateLimit, editor, new(Requests: 50_000, PeriodSeconds: 1)),
            Of(MitigationKind.RateLimit, each with { Trigger = "undo" }, new(Requests: 3)),
            Of(MitigationKind.RateLimit, new(Key: MitigationScope.Each), new(Requests: 50_000, PeriodSeconds: 1)),
            Of(MitigationKind.RetryBudget, editor, new()),
            Of(MitigationKind.OutputCap, editor, new(OutputTokens: 500)),
            Of(MitigationKind.ModelMap, editor, new(Models: new Dictionary<string, string> { ["other"] = "small" })),
            Of(MitigationKind.ToolBreaker, editor, new(Failures: 100, Retries: 100)),
            Of(MitigationKind.CostCap, editor, new(LimitNanos: 1)),
            Of(MitigationKind.Truncate, editor, new(Messages: 20, Block: 20)),
        ];

        static StandingMitigation Of(MitigationKind kind, MitigationScope scope, MitigationRule rule) =>
            new(new($"{kind}", "acme", kind, scope, rule, "ann", "r", Now.AddHours(1), 1, "admin", Now));
    }

    private static byte[] Chat(int messages) => Body(string.Join(',', Enumerable.Range(0, messages).Select(i =>
        $$"""{"role":"{{(i % 2 == 0 ? "user" : "assistant")}}","content":"{{new string('x', 150)}}"}""")));

    private static byte[] Agent(int calls) => Body($$"""{"role":"user","content":"Find it."},{{string.Join(',', Enumerable.Range(0, calls).Select(i =>
        $$$"""{"role":"assistant","content":null,"tool_calls":[{"id":"call_{{{i}}}","type":"function","function":{"name":"search","arguments":"{\"q\":{{{i}}}}"}}]},{"role":"tool","tool_call_id":"call_{{{i}}}","content":"{{{new string('y', 150)}}}"},{"role":"assistant","content":"{{{new string('z', 80)}}}"}"""))}}""");

    private static byte[] Body(string messages) => Encoding.UTF8.GetBytes($$"""{"model":"gpt-4o","messages":[{{messages}}],"max_tokens":1000}""");

    /// <summary>Step 2 of one request again and again, as the pipeline does it.</summary>
    private sealed class StepTwo
    {
        private static readonly OpenAiChat Endpoint = new();

        private readonly MitigationGate _gate = new(TimeProvider.System);
        private readonly ContextCutter _cutter = new(TimeProvider.System, NullLogger<ContextCutter>.Instance);
        private readonly DefaultHttpContext _context = new();
        private readonly RequestBody _body;
        private readonly GatewayCaller _caller;
        private readonly GuardedCall _call;

        public StepTwo(Routes routes, byte[] body, ImmutableArray<StandingMitigation> standing)
        {
            var spender = new Spender(new ApiKey("key", "acme", null, null, null, "", Blocked: false, DateTimeOffset.UnixEpoch), []);
            _body = RequestBody.Of(body, [0..body.Length]);
            _caller = new(spender, default, new Correlation("c", null));
            if (Endpoint.Read(_context.Request, _body.Span, out var request) is not null) throw new InvalidOperationException("The request is not valid.");
            _call = new(spender, KeyScope.Chat, ProviderDialect.OpenAi, request!, routes)
            {
                Mitigations = standing,
                Asked = new("editor", null, "key", "gpt-4o", null, "ann"),
                Now = Now,
            };
        }

        public async ValueTask RunAsync()
        {
            _context.Response.Headers.Clear();

            // A retry budget asks why the request is made.
            if (!_call.Mitigations.IsEmpty) ToolCallLog.IsRetry(_body.Memory);
            var decision = Guardrails.Decide(_call);
            if (decision.IsRefused) throw new InvalidOperationException("The request was refused.");
            if (!_call.Mitigations.IsEmpty && await _gate.EndsAsync(_context, Endpoint, _caller, _call, _body.Memory))
            {
                throw new InvalidOperationException("The request was ended.");
            }

            using var shorter = _cutter.Cut(_context, Endpoint, _call, _body);
            MitigationRules.Rewrite(_context.Response, shorter?.Request ?? _call.Request, decision.Effect);
        }
    }
}
