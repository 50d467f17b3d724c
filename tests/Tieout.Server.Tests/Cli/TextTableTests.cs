using Spectre.Console;
using Tieout.Cli.Output;

namespace Tieout.Server.Tests.Cli;

public sealed class TextTableTests
{
    [Fact]
    public async Task A_pipe_gets_aligned_text_that_is_never_wrapped()
    {
        var lines = await LinesAsync(new StringWriter(), new string('x', 200));
        Assert.Equal(
        [
            "NAME".PadRight(200) + "  AMOUNT",
            new string('x', 200) + "     1.5",
            "東京".PadRight(198) + "   12.25",
            "[red]b[/]".PadRight(200) + "       -",
        ], lines);
    }

    [Fact]
    public async Task A_terminal_gets_a_table_as_wide_as_its_window_and_brackets_are_text()
    {
        using var text = new StringWriter();
        using var terminal = Terminal(text, width: 40);
        await WriteAsync(terminal, new string('x', 60));
        await terminal.WriteLineAsync("after it");
        var lines = text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0).ToList();
        Assert.All(lines, line => Assert.True(line.Length <= 40, line));
        Assert.Matches("NAME +AMOUNT", lines[0]);
        Assert.True(lines.Count(line => line.Contains("xxx", StringComparison.Ordinal)) > 1, "The long name is not wrapped.");
        Assert.Contains(lines, line => line.Contains("[red]b[/]", StringComparison.Ordinal));
        // Figures end in one column, the heading's.
        Assert.Equal(lines[0].Length, Assert.Single(lines, line => line.Contains("1.5", StringComparison.Ordinal)).Length);
        Assert.Equal("after it", lines[^1]);
    }

    [Fact]
    public async Task No_rows_are_said_to_be_none_on_both()
    {
        using var pipe = new StringWriter();
        await new TextTable("NAME").WriteAsync(pipe);
        using var text = new StringWriter();
        using var terminal = Terminal(text, width: 40);
        await new TextTable("NAME").WriteAsync(terminal);
        Assert.Equal("NAME\n(none)\n", pipe.ToString().ReplaceLineEndings("\n"));
        Assert.EndsWith("(none)\n", text.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    private static TerminalWriter Terminal(StringWriter text, int width)
    {
        var console = AnsiConsole.Create(
            new() { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        console.Profile.Width = width;
        return new(text, new(console));
    }

    private static async Task<string[]> LinesAsync(StringWriter text, string name)
    {
        await WriteAsync(text, name);
        return text.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Task WriteAsync(TextWriter writer, string name)
    {
        var table = new TextTable("NAME", ">AMOUNT");
        table.Add(name, "1.5");
        table.Add("東京", "12.25");
        table.Add("[red]b[/]", null);
        return table.WriteAsync(writer);
    }
}
