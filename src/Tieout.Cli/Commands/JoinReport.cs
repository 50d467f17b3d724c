using System.Globalization;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Core.Attribution.Contracts;

namespace Tieout.Cli.Commands;

/// <summary>What a trial of join keys came to, as text and JSON.</summary>
internal static class JoinReport
{
    private const int PairsMax = 20;

    public static async Task WriteAsync(JoinTrial trial, JoinForm form, TextWriter text)
    {
        var table = new TextTable("ROWS OF THE OTHER BOOK", ">ROWS", ">COST", ">SHARE OF COST");
        foreach (var (name, count) in Counts(trial)) table.Add(Title(name), $"{count.Rows}", Cost(count.Cost), Share(count.Cost, trial.Rows.Cost));
        await table.WriteAsync(text);
        await text.WriteLineAsync($"{trial.UsageMatched} of {trial.Usage} usage records are found by some row.");
        if (trial.Wrong.Rows > 0)
        {
            await text.WriteLineAsync();
            var pairs = new TextTable("CHARGED BY THE KEYS", "USED BY", ">ROWS", ">COST");
            foreach (var (byKeys, byLineage, count) in trial.WrongPairs.Take(PairsMax)) pairs.Add(byKeys, byLineage, $"{count.Rows}", Cost(count.Cost));
            await pairs.WriteAsync(text);
        }

        await text.WriteLineAsync();
        await text.WriteLineAsync(Verdict(trial, form));
    }

    public static void Write(Utf8JsonWriter json, JoinTrial trial, JoinForm form)
    {
        json.WriteStartObject();
        json.WriteStartArray("keys");
        foreach (var key in form.Keys) json.WriteStringValue(key);
        json.WriteEndArray();
        json.WriteString("window", form.Window);
        json.WriteBoolean("are_keys_enough", trial.AreKeysEnough);
        json.WriteString("verdict", Verdict(trial, form));
        json.WriteNumber("usage_records", trial.Usage);
        json.WriteNumber("usage_records_found", trial.UsageMatched);
        foreach (var (name, count) in Counts(trial)) Write(json, name, count);
        json.WriteStartArray("wrong_pairs");
        foreach (var (byKeys, byLineage, count) in trial.WrongPairs)
        {
            json.WriteStartObject();
            json.WriteString("by_keys", byKeys);
            json.WriteString("by_lineage", byLineage);
            json.WriteNumber("rows", count.Rows);
            json.WriteString("cost", Cost(count.Cost));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, TrialCount count)
    {
        json.WriteStartObject(name);
        json.WriteNumber("rows", count.Rows);
        json.WriteString("cost", Cost(count.Cost));
        json.WriteEndObject();
    }

    private static (string Name, TrialCount Count)[] Counts(JoinTrial trial) =>
    [
        ("all", trial.Rows), ("matched", trial.Matched), ("to_many", trial.ToMany), ("ambiguous", trial.Ambiguous), ("with_lineage", trial.WithLineage),
        ("wrong", trial.Wrong),
    ];

    private static string Title(string name) => name switch
    {
        "all" => "all",
        "matched" => "find usage by the keys",
        "to_many" => "find several usage records",
        "ambiguous" => "find usage of several tenants",
        "with_lineage" => "find one tenant by lineage",
        _ => "land on the wrong tenant",
    };

    private static string Verdict(JoinTrial trial, JoinForm form)
    {
        var keys = $"({string.Join(", ", form.Keys)})";
        if (trial.Rows.Rows == 0) return "The file has no rows, so nothing is known of the keys.";
        if (trial.WithLineage.Rows == 0) return $"No row has a lineage id that finds usage, so nobody can say whether {keys} finds the right tenant.";
        return trial.AreKeysEnough
            ? $"{keys} is enough here: every row finds usage of one tenant, and none the wrong one."
            : $"{keys} is not enough: {Cost(trial.Wrong.Cost)} ({Share(trial.Wrong.Cost, trial.Rows.Cost)}) would land on the wrong tenant, "
            + $"{Cost(trial.Ambiguous.Cost)} could be of several, {Cost(trial.Rows.Cost - trial.Matched.Cost)} finds no usage. Join by a lineage id.";
    }

    private static string Cost(decimal cost) => cost.ToString("0.#########", CultureInfo.InvariantCulture);

    private static string Share(decimal cost, decimal whole) => whole == 0 ? "none" : (cost / whole).ToString("P2", CultureInfo.InvariantCulture);
}
