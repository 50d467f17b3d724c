using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Tieout.Cli.Output;

/// <summary>The terminal of a person. Text passes as it is; a <see cref="TextTable"/> is drawn to the width of the window.</summary>
internal sealed class TerminalWriter(IAnsiConsole console) : TextWriter(CultureInfo.InvariantCulture)
{
    private readonly TextWriter _text = console.Profile.Out.Writer;

    public IAnsiConsole Console => console;

    public override Encoding Encoding => _text.Encoding;

    public override void Write(char value) => _text.Write(value);

    public override void Write(char[] buffer, int index, int count) => _text.Write(buffer, index, count);

    public override void Write(string? value) => _text.Write(value);

    public override Task WriteAsync(string? value) => _text.WriteAsync(value);

    public override Task WriteLineAsync(string? value) => _text.WriteLineAsync(value);

    public override void Flush() => _text.Flush();
}
