using System.Globalization;
using Polly;
using Polly.CircuitBreaker;
using Tieout.Core;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Stops sending to an upstream for a while after it failed too often, and reports its health.</summary>
/// <remarks>
/// Closed: calls are sent. Open: none is. Half open: one is sent, and decides. States and counts are Polly's. Failures are values
/// here, not exceptions: an upstream that is down fails thousands of times per second.
/// </remarks>
internal sealed class Breaker
{
    private readonly TimeProvider _time;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<Reply> _pipeline;
    private long _openUntilTicks;
    private UpstreamError? _lastError;

    /// <param name="options">Null: the breaker reports health, and never opens.</param>
    public Breaker(BreakerOptions? options, TimeProvider time)
    {
        (Options, _time) = (options, time);
        _pipeline = options is null ? ResiliencePipeline<Reply>.Empty : new ResiliencePipelineBuilder<Reply> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<Reply>
            {
                FailureRatio = 0.5,
                MinimumThroughput = options.Failures,
                SamplingDuration = options.Window,
                BreakDuration = options.OpenFor,
                StateProvider = _state,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result.CountsAgainst),
                OnOpened = opened =>
                {
                    Volatile.Write(ref _openUntilTicks, (time.GetUtcNow() + opened.BreakDuration).UtcTicks);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public BreakerOptions? Options { get; }

    /// <summary>No call is sent now. False once the next call may try, even if none has.</summary>
    public bool IsOpen => Circuit is CircuitState.Open && OpenFor > TimeSpan.Zero;

    /// <summary><c>closed</c>, <c>open</c> or <c>half_open</c>.</summary>
    public string State => Circuit is CircuitState.Closed ? "closed" : IsOpen ? "open" : "half_open";

    /// <summary>The last failure, however old; null: none since the start.</summary>
    public UpstreamError? LastError => Volatile.Read(ref _lastError);

    /// <summary>How long until the upstream may be tried again.</summary>
    public TimeSpan OpenFor
    {
        get
        {
            var left = Volatile.Read(ref _openUntilTicks) - _time.GetUtcNow().UtcTicks;
            return left > 0 ? TimeSpan.FromTicks(left) : TimeSpan.Zero;
        }
    }

    /// <param name="send">Does not throw: a failure is a <see cref="Reply"/>.</param>
    public async ValueTask<Reply> SendAsync<TState>(Func<TState, ValueTask<Reply>> send, TState state)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false);
        var outcome = await _pipeline.ExecuteOutcomeAsync(
            static async (_, call) => Outcome.FromResult(await call.send(call.state)), context, (send, state));
        ResilienceContextPool.Shared.Return(context);
        if (outcome.Exception is BrokenCircuitException) return new(UpstreamOutcome.CircuitOpen);
        outcome.ThrowIfException();
        var reply = outcome.Result;
        if (reply.CountsAgainst || reply.Outcome is UpstreamOutcome.TooMany)
        {
            Volatile.Write(ref _lastError, new(Describe(reply), Instant.From(_time.GetUtcNow())));
        }

        return reply;
    }

    private CircuitState Circuit => Options is null ? CircuitState.Closed : _state.CircuitState;

    /// <summary>Everybody may read health, so it has neither addresses nor a provider's own words.</summary>
    private static string Describe(Reply reply) => reply.Outcome switch
    {
        UpstreamOutcome.Unreachable => "unreachable",
        UpstreamOutcome.NoAnswer => "no_answer",
        _ => ((int)reply.Head!.StatusCode).ToString(CultureInfo.InvariantCulture),
    };
}

/// <param name="What"><c>unreachable</c>, <c>no_answer</c>, or the status.</param>
internal sealed record UpstreamError(string What, Instant At);
