using System.Globalization;
using Tieout.Storage;

namespace Tieout.Cli.Output;

/// <summary>Shows how far a long command has come: on a terminal one line, gone when the command ends; in a log a line every ten seconds.</summary>
internal sealed class ProgressLine : IProgress<RowProgress>, IDisposable
{
    private const int BarWidth = 30;
    private const string Rows = "rows";

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan EveryInLog = TimeSpan.FromSeconds(10);

    private readonly TextWriter _errors;
    private readonly bool _isInPlace;
    private readonly string _unit;
    private readonly TimeProvider _time;
    private long _began;
    private readonly Lock _gate = new();
    private TimeSpan _nextAt;
    private int _width;

    private ProgressLine(TextWriter errors, bool isInPlace, string unit = Rows, TimeProvider? time = null)
    {
        (_errors, _isInPlace, _unit, _time) = (errors, isInPlace, unit, time ?? TimeProvider.System);
        _began = _time.GetTimestamp();
        _nextAt = isInPlace ? TimeSpan.Zero : EveryInLog;
    }

    /// <param name="unit">What is counted.</param>
    /// <returns>Null: nobody looks, or the output is for a program.</returns>
    public static ProgressLine? Begin(Shell shell, bool asJson, string unit = Rows) =>
        shell.IsTerminal && !asJson ? new(shell.Error, isInPlace: true, unit) : null;

    /// <summary>For a command whose output goes to a file or another program while somebody waits.</summary>
    /// <returns>Null: the output itself is on the terminal.</returns>
    public static ProgressLine? Beside(Shell shell, TimeProvider? time = null) =>
        shell.IsTerminal ? null : new(shell.Error, isInPlace: shell.IsErrorTerminal, time: time);

    /// <summary>Begins to count anew, for the next part of a command.</summary>
    public ProgressLine Again()
    {
        Dispose();
        lock (_gate) (_began, _nextAt) = (_time.GetTimestamp(), _isInPlace ? TimeSpan.Zero : EveryInLog);
        return this;
    }

    public void Report(RowProgress value)
    {
        lock (_gate)
        {
            var elapsed = _time.GetElapsedTime(_began);
            if (value is { Done: 0, Total: 0 } || elapsed < _nextAt) return;
            _nextAt = elapsed + (_isInPlace ? Every : EveryInLog);
            if (_isInPlace) Show(Text(value, elapsed, _unit));
            else _errors.WriteLine(Text(value, elapsed, _unit));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_width > 0) _errors.Write($"\r{new string(' ', _width)}\r");
            _width = 0;
        }
    }

    /// <summary>For example <c>[######........] 4,000 of 10,000 rows, 2,000 rows/s, 3 s left</c>; where nobody knows how many there are, <c>4,000 rows, 2,000
    /// rows/s</c>.</summary>
    internal static string Text(RowProgress at, TimeSpan elapsed, string unit = Rows)
    {
        var total = Math.Max(at.Done, at.Total);
        var filled = total == 0 ? 0 : (int)((Int128)BarWidth * at.Done / total);
        var text = at.Total == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{at.Done:N0} {unit}")
            : string.Create(CultureInfo.InvariantCulture, $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {at.Done:N0} of {total:N0} {unit}");
        if (elapsed < TimeSpan.FromSeconds(1) || at.Done == 0) return text;
        var rate = at.Done / (decimal)elapsed.TotalSeconds;
        text = string.Create(CultureInfo.InvariantCulture, $"{text}, {rate:N0} {unit}/s");
        return at.Total == 0 ? text : $"{text}, {Left((total - at.Done) / rate)} left";
    }

    private static string Left(decimal seconds) => seconds switch
    {
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:N0} s"),
        < 6_000 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:N0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600:N1} h"),
    };

    private void Show(string text)
    {
        _errors.Write($"\r{text.PadRight(_width)}");
        _width = Math.Max(_width, text.Length);
    }
}
