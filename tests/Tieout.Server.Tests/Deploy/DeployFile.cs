using System.Text.RegularExpressions;
using Tieout.Tests;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Tieout.Server.Tests.Deploy;

/// <summary>A file of <c>deploy/</c>, and what can be read from it without the program that it is for.</summary>
internal static partial class DeployFile
{
    public static string Text(string name) => File.ReadAllText(Repo.Path($"deploy/{name}"));

    /// <summary>Merged (<c>&lt;&lt;</c>) as Compose does; maps, lists and strings.</summary>
    public static Dictionary<object, object> Yaml(string name) =>
        new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(new StringReader(Text(name)))));

    public static object At(object node, params string[] path) => path.Aggregate(node, (at, key) => ((Dictionary<object, object>)at)[key]);

    public static Dictionary<object, object> Map(object node, params string[] path) => (Dictionary<object, object>)At(node, path);

    public static IEnumerable<string> List(object node, params string[] path) => ((List<object>)At(node, path)).Cast<string>();

    /// <summary>Instructions of a Dockerfile, continued lines joined.</summary>
    public static List<(string Name, string Value)> Instructions(string text) =>
        [.. Continued().Replace(text, " ").Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 2)).Select(
            parts => (parts[0], parts[1].Trim()))];

    /// <summary><c>NAME=VALUE</c>, as many as there are.</summary>
    public static Dictionary<string, string> Variables(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continued();
}
