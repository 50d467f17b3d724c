using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Tieout.Core.Money;

namespace Tieout.Simulator.Replay;

/// <summary>Sends a trace to a running gateway as real chat completions over HTTP, and counts what comes back.</summary>
/// <remarks>Nothing is retried: a refusal or failure is an outcome to count, and one row is one request.</remarks>
public sealed class TraceReplay : IDisposable
{
    private readonly ReplayOptions _options;
    private readonly HttpClient _client;
    private readonly Uri _endpoint;
    private readonly ReplayTally _tally = new();

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public TraceReplay(ReplayOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Speed);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Concurrency);
        ArgumentOutOfRangeException.ThrowIfNegative(options.StreamPercent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.StreamPercent, 100);
        _options = options;
        _endpoint = new(options.Server.AbsoluteUri.TrimEnd('/') + "/v1/chat/completions");
        _client = new(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = options.Concurrency,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy of the machine is for other hosts; a gateway on this one would not be found through it.
            UseProxy = !options.Server.IsLoopback,
            // Each row is a trace of its own to the gateway, not a part of whatever this process traces.
            ActivityHeadersPropagator = null,
        })
        { Timeout = options.Timeout };
    }

    /// <summary>Sends every row, in order, and waits for all answers. One run for each instance.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; what is under way is dropped, its effect at the gateway is not known.</exception>
    /// <exception cref="TraceFormatException">A row is malformed; the rows before it have been sent.</exception>
    public async Task<ReplaySummary> RunAsync(IEnumerable<TraceRow> rows, CancellationToken cancellationToken)
    {
        var start = _options.Time.GetTimestamp();
        using var finished = new CancellationTokenSource();
        var progress = ReportAsync(start, finished.Token);
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Concurrency, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(DueAsync(rows, start, cancellationToken), parallel, async (due, token) => await SendAsync(due.Row, due.Number, token));
        }
        finally
        {
            await finished.CancelAsync();
            await progress;
        }

        return _tally.Summary(_options.Time.GetElapsedTime(start));
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Each row when its time has come. While it waits for one, the requests under way go on.</summary>
    private async IAsyncEnumerable<(TraceRow Row, int Number)> DueAsync(
        IEnumerable<TraceRow> rows, long start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var number = 0;
        foreach (var row in rows)
        {
            if (_options.Speed > 0)
            {
                var wait = TimeSpan.FromTicks((long)(row.Offset.Ticks / _options.Speed)) - _options.Time.GetElapsedTime(start);
                // Timers are good to a millisecond or so; below that the row goes at once.
                if (wait >= TimeSpan.FromMilliseconds(1)) await Task.Delay(wait, _options.Time, cancellationToken);
            }

            yield return (row, number++);
        }
    }

    private async Task SendAsync(TraceRow row, int number, CancellationToken cancellationToken)
    {
        // Spread evenly: request n is streamed when the share of n + 1 requests passes the next whole one.
        var stream = (number + 1L) * _options.StreamPercent / 100 > (long)number * _options.StreamPercent / 100;
        using var message = Message(_options.Shape?.Invoke(row, number) ?? new(row), stream);
        _tally.Sent(stream);
        var sent = _options.Time.GetTimestamp();
        try
        {
            using var response = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            // SendAsync's own time-out ends with the headers; this one covers the body.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(_options.Timeout);
            await response.Content.CopyToAsync(Stream.Null, patience.Token);
            if (!response.IsSuccessStatusCode)
            {
                _tally.NotOk((int)response.StatusCode);
                return;
            }

            var latency = _options.Time.GetElapsedTime(sent);
            _tally.Ok(latency, await CostAsync(response, cancellationToken));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _tally.Failed(ReplayTally.Timeout);
        }
        catch (HttpRequestException exception)
        {
            _tally.Failed(exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                ? ReplayTally.Connect
                : ReplayTally.Broken);
        }
        catch (IOException)
        {
            _tally.Failed(ReplayTally.Broken);
        }
    }

    private HttpRequestMessage Message(ReplayRequest request, bool stream)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, _endpoint)
        {
            Content = new ReplayContent(request.Model ?? _options.Model, request.Row, stream),
        };
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", request.ApiKey ?? _options.ApiKey);
        AddCount("X-Sim-Prompt-Tokens", Math.Max(1, request.Row.InputTokens));
        AddCount("X-Sim-Completion-Tokens", request.Row.OutputTokens);
        if (request.Row.CachedTokens is { } cached) AddCount("X-Sim-Cached-Tokens", cached);
        foreach (var (name, value) in request.Headers ?? []) message.Headers.TryAddWithoutValidation(name, value);
        return message;

        void AddCount(string name, int count) =>
            message.Headers.TryAddWithoutValidation(name, count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>From the answer's own header; where it has none, from the operation it names.</summary>
    private async Task<Amount?> CostAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (Header(response, "Tieout-Cost") is { } stated) return Amount.TryParse(stated, out var cost) ? cost : null;
        if (_options.CostOf is not { } costOf || Header(response, "Tieout-Operation") is not { } operation) return null;
        return await costOf(operation, cancellationToken);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private async Task ReportAsync(long start, CancellationToken finished)
    {
        if (_options.Progress is not { } progress) return;
        using var timer = new PeriodicTimer(_options.ProgressEvery, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(finished)) progress(_tally.Progress(_options.Time.GetElapsedTime(start)));
        }
        catch (OperationCanceledException) when (finished.IsCancellationRequested)
        {
            progress(_tally.Progress(_options.Time.GetElapsedTime(start)));
        }
    }
}
