using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text;
using Tieout.Cli;
using Tieout.Cli.Commands;
using Tieout.Cli.Output;
using Tieout.Server.Errors;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reference;

/// <summary>The pages of <c>docs/reference</c> are written from the code and compared. <c>TIEOUT_REGENERATE=1</c> writes them anew.</summary>
public sealed class ReferencePagesTests
{
    internal const string Note = "Written from the code; a test compares it. Regenerate with `TIEOUT_REGENERATE=1 ./test`.";

    [Fact]
    public void Errors_page_is_the_catalogue() => Compare("errors.md", Errors());

    [Fact]
    public void Commands_page_is_what_the_commands_say_of_themselves() => Compare("commands.md", Commands());

    private static string Errors()
    {
        var page = new StringBuilder(
            $"# Errors\n\n{Note}\n\nUnder `/api/v1` an error is an RFC 9457 problem with `code`; under `/v1` it has OpenAI's shape with `error.code` and `error.type`.\nA released code is never renamed or reused.\n\n| code | status | what it says | `error.type` |\n|---|---|---|---|\n");
        var rows = typeof(ApiError).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.FieldType == typeof(ApiError)).Select(
            field => (ApiError)field.GetValue(null)!);
        foreach (var row in rows.OrderBy(row => row.Code, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{row.Code}` | {row.Status} | {row.Title} | `{row.OpenAiType}` |\n");
        }

        return page.ToString();
    }

    private static string Commands()
    {
        var page = new StringBuilder(
            $"# Commands\n\n{Note}\n\nExit codes: 0 all well, 1 findings or failed checks, 2 wrong usage, 3 server or store unreachable.\n");
        var root = CommandLine.Root(new Globals(Shell.OfProcess()));
        page.Append("\nEvery command takes:\n\n");
        Options(page, root);
        foreach (var command in root.Subcommands.OrderBy(command => command.Name, StringComparer.Ordinal)) Write(page, command, "tieout");
        return page.ToString();
    }

    private static void Write(StringBuilder page, Command command, string path)
    {
        var name = $"{path} {command.Name}";
        if (command.Subcommands.Count == 0 || command.Action is not null)
        {
            var arguments = string.Concat(
                command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}"));
            page.Append(CultureInfo.InvariantCulture, $"\n## `{name}{arguments}`\n\n{command.Description}\n\n");
            foreach (var argument in command.Arguments.Where(argument => argument.Description is not null))
            {
                page.Append(CultureInfo.InvariantCulture, $"- `{argument.Name}`: {argument.Description}\n");
            }

            Options(page, command);
        }

        foreach (var child in command.Subcommands.Where(child => !child.Hidden).OrderBy(child => child.Name, StringComparer.Ordinal)) Write(page, child, name);
    }

    private static void Options(StringBuilder page, Command command)
    {
        foreach (var option in command.Options.Where(option => option is not (System.CommandLine.Help.HelpOption or VersionOption)).OrderBy(
            option => option.Name, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture,
                $"- `{option.Name}{(option.HelpName is null ? "" : $" {option.HelpName}")}`{(option.Required ? " (required)" : "")}: {option.Description}\n");
        }
    }

    internal static void Compare(string name, string page)
    {
        var path = Repo.Path($"docs/reference/{name}");
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") File.WriteAllText(path, page);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == page, $"docs/reference/{name} is not what the code says. Run: TIEOUT_REGENERATE=1 ./test");
    }
}
