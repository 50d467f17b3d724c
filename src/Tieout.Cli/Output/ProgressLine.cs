using System.Diagnostics;
using System.Globalization;
using Tieout.Storage;

namespace Tieout.Cli.Output;

/// <summary>One line that shows how far a long command has come: on a terminal, beside its output, and gone when the command ends.</summary>
internal sealed class ProgressLine : IProgress<RowProgress>, IDisposable
{
    private const int BarWidth = 30;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    private readonly TextWriter _terminal;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private TimeSpan _shownAt = -Every;
    private int _width;

    private ProgressLine(TextWriter terminal) => _terminal = terminal;

    /// <returns>Null: nobody looks, or the output is for a program.</returns>
    public static ProgressLine? Begin(Shell shell, bool asJson) => shell.IsTerminal && !asJson ? new(shell.Error) : null;

    public void Report(RowProgress value)
    {
        lock (_gate)
        {
            var elapsed = Stopwatch.GetElapsedTime(_began);
            if (value.Total == 0 || elapsed - _shownAt < Every) return;
            _shownAt = elapsed;
            Show(Text(value, elapsed));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_width > 0) _terminal.Write($"\r{new string(' ', _width)}\r");
            _width = 0;
        }
    }

    /// <summary>For example <c>[######........] 4,000 of 10,000 rows, 2,000 rows/s, 3 s left</c>.</summary>
    internal static string Text(RowProgress at, TimeSpan elapsed)
    {
        var total = Math.Max(at.Done, at.Total);
        var filled = total == 0 ? 0 : (int)((Int128)BarWidth * at.Done / total);
        var text = string.Create(
            CultureInfo.InvariantCulture, $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {at.Done:N0} of {total:N0} rows");
        if (elapsed < TimeSpan.FromSeconds(1) || at.Done == 0) return text;
        var rate = at.Done / (decimal)elapsed.TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture, $"{text}, {rate:N0} rows/s, {Left((total - at.Done) / rate)} left");
    }

    private static string Left(decimal seconds) => seconds switch
    {
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:N0} s"),
        < 6_000 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:N0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600:N1} h"),
    };

    private void Show(string text)
    {
        _terminal.Write($"\r{text.PadRight(_width)}");
        _width = Math.Max(_width, text.Length);
    }
}
