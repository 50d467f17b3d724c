using System.CommandLine;
using Tieout.Core.Money;

namespace Tieout.Cli.Commands;

/// <summary>Forms of arguments that several commands share.</summary>
internal static class Arguments
{
    public static Option<string> Org() => new("--org") { Required = true, Description = "The org.", HelpName = "ORG" };

    /// <exception cref="CommandFailedException">Not an amount.</exception>
    public static Amount ParseAmount(string text) => Amount.TryParse(text, out var amount)
        ? amount
        : throw new CommandFailedException(ExitCode.Usage,
            $"'{text}' is not an amount. Use digits with an optional decimal point and at most nine decimals, for example 12.50.", "amount_invalid");

    public static Amount? AmountOrNull(string? text) => text is null ? null : ParseAmount(text);

    /// <summary>Of these switches one must be given, and only one.</summary>
    public static void ExactlyOne(this Command command, params Option<bool>[] options) => command.Validators.Add(result =>
    {
        if (options.Count(option => result.GetValue(option)) != 1)
        {
            result.AddError($"Say one of {string.Join(" and ", options.Select(option => option.Name))}.");
        }
    });

    /// <summary>Of these options at most one may be given.</summary>
    public static void AtMostOne(this Command command, params Option[] options) => command.Validators.Add(result =>
    {
        if (options.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
        {
            result.AddError($"Say only one of {string.Join(", ", options.Select(option => option.Name))}.");
        }
    });
}
