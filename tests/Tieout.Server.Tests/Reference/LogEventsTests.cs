using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Tests.Reference;

/// <summary>The number of a log line says what happened: no two kinds of line share one, and the page for operators lists them all.</summary>
public sealed class LogEventsTests
{
    private static readonly IReadOnlyDictionary<int, string> Events = typeof(LogEvents).GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => (int)field.GetRawConstantValue()!, field => field.Name);

    private static readonly IReadOnlyList<LoggerMessageAttribute> Lines = [.. typeof(LogEvents).Assembly.GetTypes()
        .SelectMany(
            type => type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
        .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().OrderBy(line => line.EventId)];

    [Fact]
    public void Every_line_has_a_number_of_its_own_from_the_list_and_every_number_has_a_line()
    {
        Assert.Equal(Events.Keys.Order(), Lines.Select(line => line.EventId));
    }

    [Fact]
    public void The_page_lists_every_line()
    {
        var page = new StringBuilder(
            $"# Log events\n\n{ReferencePagesTests.Note}\n\nA log line is a JSON object; its member `event` is one of these numbers. A number is never given to another kind of line.\n\n| event | level | message |\n|---|---|---|\n");
        foreach (var line in Lines)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {line.EventId} | {line.Level} | {line.Message.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }

        ReferencePagesTests.Compare("log-events.md", page.ToString());
    }
}
