using System.Globalization;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Metering;
using Tieout.Server.Configuration;
using Tieout.Server.Http;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>Reads a join contract from a file such as <c>contracts/usage.yaml</c>. What it does not understand it refuses, with line and column.</summary>
public static class ContractYaml
{
    private const long FileBytesMax = 256 * 1024;

    /// <exception cref="ConfigurationException">The file cannot be read, or is no contract.</exception>
    public static JoinContract Load(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > FileBytesMax }) throw new ConfigurationException($"{path}: the file is larger than 256 KiB.");
            return Read(File.ReadAllText(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: the contract cannot be read: {error.Message}", error);
        }
    }

    /// <param name="file">What messages call the text.</param>
    /// <inheritdoc cref="Load"/>
    public static JoinContract Read(string text, string file)
    {
        var root = TieoutYaml.Document(text, file);
        var members = root.Members("name", "version", "on_violation", "keys", "segmentation", "objective");
        var contract = new JoinContract(
            Required(root, members, "name").Text(), Required(root, members, "version").Text(),
            members.TryGetValue("on_violation", out var mode) ? OneOf<OnViolation>(mode) : OnViolation.Charge,
            members.TryGetValue("keys", out var keys) ? [.. keys.Items().Select(Key)] : [],
            members.TryGetValue("segmentation", out var segments) ? [.. segments.Items().Select(item => item.Text())] : [],
            members.TryGetValue("objective", out var objective) ? Share(objective) : 0.99m);
        return ContractFlaws.Of(contract) is { } flaw ? throw new ConfigurationException($"{file}: {flaw}") : contract;
    }

    private static ContractKey Key(YamlPlace place)
    {
        var members = place.Members("name", "type", "nullable", "in", "sources");
        return new(
            Required(place, members, "name").Text(), members.TryGetValue("type", out var type) ? OneOf<ContractKeyType>(type) : ContractKeyType.Name,
            members.TryGetValue("nullable", out var nullable) && Flag(nullable),
            members.TryGetValue("in", out var books) ? [.. books.Items().Select(OneOf<ContractBook>)] : null,
            members.TryGetValue("sources", out var sources) ? [.. sources.Items().Select(OneOf<UsageSource>)] : null);
    }

    private static YamlPlace Required(YamlPlace place, Dictionary<string, YamlPlace> members, string name) =>
        members.TryGetValue(name, out var member) ? member : throw place.Wrong($"{name} is missing");

    private static T OneOf<T>(YamlPlace place)
        where T : struct, Enum
    {
        var text = place.Text();
        return Enum.GetValues<T>().Cast<T?>().FirstOrDefault(value => SnakeCase.Of(value!.Value) == text)
            ?? throw place.Wrong($"'{text}' is none of {string.Join(", ", Enum.GetValues<T>().Select(SnakeCase.Of))}");
    }

    private static bool Flag(YamlPlace place) => place.Text() switch
    {
        "true" => true,
        "false" => false,
        var text => throw place.Wrong($"'{text}' is neither true nor false"),
    };

    private static decimal Share(YamlPlace place) =>
        decimal.TryParse(place.Text(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
            ? share : throw place.Wrong("the objective is no number such as 0.99");
}
