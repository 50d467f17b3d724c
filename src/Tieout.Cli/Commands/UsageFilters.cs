using System.CommandLine;
using UsageColumn = Tieout.Core.Ledger.UsageColumn;

namespace Tieout.Cli.Commands;

/// <summary>An option for each column that usage is filtered by.</summary>
internal static class UsageFilters
{
    public static Option<string?>[] Options() => [.. UsageColumn.All.Select(Filter)];

    /// <summary>As query parameters of the API; null: not given.</summary>
    public static IEnumerable<(string Name, string? Value)> Given(Invocation call, IEnumerable<Option<string?>> filters) =>
        filters.Select(filter => (filter.Name[2..].Replace('-', '_'), call.Get(filter)));

    private static Option<string?> Filter(UsageColumn column)
    {
        var name = column.Name.Replace('_', '-');
        var only = $"Only this {name.Replace('-', ' ')}";
        var filter = new Option<string?>($"--{name}") { Description = column.Form is { } form ? $"{only}: {form}." : $"{only}." };
        if (column.Label?.Synonym is { } synonym) filter.Aliases.Add($"--{synonym}");
        return filter;
    }
}
