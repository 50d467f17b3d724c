using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Tieout.Server.Configuration;

/// <summary>A node of a YAML file that knows where it stands, so that whatever is wrong with it can be said with line and column.</summary>
internal sealed class YamlPlace(YamlSource source, string path, YamlNode node)
{
    public ConfigurationException Wrong(string what) => Wrong(node.Start, what);

    /// <summary>The members of a mapping, each key known and given once.</summary>
    public Dictionary<string, YamlPlace> Members(params ReadOnlySpan<string> known)
    {
        var members = new Dictionary<string, YamlPlace>(StringComparer.Ordinal);
        foreach (var (key, place) in Entries())
        {
            if (!known.Contains(key.Value!)) throw Wrong(key.Start, $"{Name(key.Value!)} is unknown. Known: {string.Join(", ", known!)}");
            members.Add(key.Value!, place);
        }

        return members;
    }

    /// <summary>The entries of a mapping whose keys are names of the writer's own.</summary>
    public IEnumerable<(YamlScalarNode Key, YamlPlace Value)> Entries()
    {
        if (IsNothing) yield break;
        if (node is not YamlMappingNode mapping) throw Wrong($"{Title} must be a mapping of names to values");
        foreach (var (key, value) in mapping.Children)
        {
            if (key is not YamlScalarNode { Value.Length: > 0 } name) throw Wrong(key.Start, $"a key of {Title} is not a name");
            yield return (name, new(source, path.Length == 0 ? name.Value! : $"{path}.{name.Value}", value));
        }
    }

    public IEnumerable<YamlPlace> Items()
    {
        if (IsNothing) return [];
        if (node is not YamlSequenceNode sequence) throw Wrong($"{Title} must be a list");
        return sequence.Children.Select((item, index) => new YamlPlace(source, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), item));
    }

    /// <summary>A scalar with every <c>${NAME}</c> replaced by what the environment has under that name, and every <c>${file:PATH}</c> by the first line of
    /// that file.</summary>
    public string Text()
    {
        if (node is not YamlScalarNode { Value.Length: > 0 } scalar) throw Wrong($"{Title} must have a value");
        return Expand(scalar.Value!);
    }

    public long Count(long max, long min = 1) =>
        long.TryParse(Text(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= min && count <= max
            ? count
            : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"{Title} must be a whole number from {min} to {max}"));

    /// <summary>Written <c>250ms</c>, <c>30s</c>, <c>10m</c> or <c>1h</c>.</summary>
    public TimeSpan Duration()
    {
        var text = Text();
        foreach (var (unit, ms) in (ReadOnlySpan<(string, long)>)[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)])
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)) continue;
            if (int.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000_000
                && number * ms <= 86_400_000)
            {
                return TimeSpan.FromMilliseconds(number * ms);
            }
        }

        throw Wrong($"{Title} must be a time of at most 24h such as 250ms, 30s, 10m or 1h");
    }

    private bool IsNothing => node is YamlScalarNode { Value: null or "" or "~" or "null", Style: ScalarStyle.Plain };

    private string Title => path.Length == 0 ? "the file" : $"'{path}'";

    private string Name(string key) => path.Length == 0 ? $"'{key}'" : $"'{path}.{key}'";

    private string Expand(string text)
    {
        for (var open = text.IndexOf("${", StringComparison.Ordinal); open >= 0; open = text.IndexOf("${", open, StringComparison.Ordinal))
        {
            var close = text.IndexOf('}', open);
            if (close < 0) throw Wrong($"{Title} has a ${{ without a closing brace");
            var name = text[(open + 2)..close];
            if (source.Value(name) is not { Length: > 0 } value)
            {
                throw Wrong(name.StartsWith("file:", StringComparison.Ordinal) ? $"{Title} needs the file {name[5..]}, which cannot be read or is empty"
                    : $"{Title} needs the environment variable {name}, which is not set");
            }

            text = text[..open] + value + text[(close + 1)..];
            open += value.Length;
        }

        return text;
    }

    private ConfigurationException Wrong(Mark at, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source.File}:{at.Line}:{at.Column}: {source.WithoutValues(what)}."));
}
