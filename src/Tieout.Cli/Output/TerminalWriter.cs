using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Tieout.Cli.Output;

/// <summary>The terminal of a person. Text passes as it is; a <see cref="TextTable"/> is drawn to the width of the window.</summary>
/// <param name="console">Made when the first table is drawn: making it asks the terminal about itself, and text needs no answer.</param>
internal sealed class TerminalWriter(TextWriter text, Lazy<IAnsiConsole> console) : TextWriter(CultureInfo.InvariantCulture)
{
    public IAnsiConsole Console => console.Value;

    public override Encoding Encoding => text.Encoding;

    public override void Write(char value) => text.Write(value);

    public override void Write(char[] buffer, int index, int count) => text.Write(buffer, index, count);

    public override void Write(string? value) => text.Write(value);

    public override Task WriteAsync(string? value) => text.WriteAsync(value);

    public override Task WriteLineAsync(string? value) => text.WriteLineAsync(value);

    public override void Flush() => text.Flush();
}
