using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Core.Attribution.Contracts;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Configuration;
using ContractJson = Tieout.Server.Attribution.Contracts.ContractJson;

namespace Tieout.Cli.Commands;

/// <summary><c>contracts list|set|end|check|completeness|incomplete|quarantine</c></summary>
internal static class ContractCommand
{
    public static readonly ContractJson Json = new(
        new JsonSerializerOptions(ContractJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) =>
        new("contracts", "Which keys telemetry, usage and billing share, and how much of the usage has them.")
        {
            List(globals), Set(globals), End(globals), Check(globals), CompletenessCommand.Build(globals), CompletenessCommand.Incomplete(globals),
            QuarantinedEventCommands.Build(globals),
        };

    /// <exception cref="CommandFailedException">The file is no contract.</exception>
    public static JoinContract Load(string file)
    {
        try
        {
            return ContractYaml.Load(file);
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "contract_invalid", e);
        }
    }

    private static Command List(Globals globals) => globals.Calling(new("list", "List all contracts."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("contracts", Json.ContractListBody, cancellationToken);
        await call.AnswerAsync(answer, Json.ContractListBody, (list, text) =>
        {
            var table = new TextTable("CONTRACT", "VERSION", "STATE", "ON VIOLATION", ">OBJECTIVE", "KEYS", "SEGMENTATION", "SET BY", "SET AT", "REASON");
            foreach (var item in list.Items)
            {
                var contract = item.Contract;
                table.Add(contract.Name, contract.Version, item.Ended ? "ended" : "in force", contract.OnViolation.ToString().ToLowerInvariant(),
                    contract.Objective.ToString(CultureInfo.InvariantCulture),
                    string.Join(' ', contract.Keys.Select(key => key.Nullable ? $"[{key.Name}]" : key.Name)),
                    string.Join(", ", contract.Segmentation), item.SetBy, $"{item.SetAt:u}", item.Reason);
            }

            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Set(Globals globals)
    {
        var file = new Argument<string>("FILE") { Description = "A YAML file with the contract." };
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored with this version." };
        return globals.Calling(new("set", "Put a contract in force, or a new version of it.") { file, reason }, async (call, api, cancellationToken) =>
        {
            var body = new SetContractBody(Load(call.Get(file)), call.Get(reason));
            var answer = await api.SendAsync(HttpMethod.Post, "contracts", body, Json.SetContractBody, Json.StandingContract, cancellationToken);
            await call.AnswerAsync(answer, Json.StandingContract, (set, text) => text.WriteLineAsync(
                $"{set.Contract.Name} {set.Contract.Version} is in force. Usage that breaks it is {Fate(set.Contract.OnViolation)}."));
            return ExitCode.Ok;
        });
    }

    private static Command End(Globals globals)
    {
        var name = new Argument<string>("CONTRACT");
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored with the end." };
        return globals.Calling(new("end", "End a contract: nothing is checked against it any more.") { name, reason }, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["contracts", call.Get(name), "end"]), new EndContractBody(call.Get(reason)), Json.EndContractBody,
                Json.StandingContract, cancellationToken);
            await call.AnswerAsync(answer, Json.StandingContract, (set, text) => text.WriteLineAsync($"{set.Contract.Name} has ended."));
            return ExitCode.Ok;
        });
    }

    /// <summary>Works without a server, for a pipeline that looks at a change before it is merged.</summary>
    private static Command Check(Globals globals)
    {
        var old = new Argument<string>("OLD") { Description = "A YAML file with the contract as it is." };
        var next = new Argument<string>("NEW") { Description = "A YAML file with the contract as it is to be." };
        return globals.Running(
            new("check", "Say what a new version of a contract changes, and whom it breaks. Exit code 1: its version does not say so.") { old, next },
            async (call, _) =>
        {
            var (before, after) = (Load(call.Get(old)), Load(call.Get(next)));
            if (before.Name != after.Name)
            {
                throw new CommandFailedException(ExitCode.Usage, $"The files are about two contracts: '{before.Name}' and '{after.Name}'.");
            }

            var changes = ContractChange.Between(before, after);
            var refusal = changes.Count == 0 && before.Version == after.Version ? null : ContractChange.Refusal(before, after);
            if (call.Json)
            {
                await call.Shell.Out.WriteLineAsync(JsonOutput.Text(json => Write(json, before, after, changes, refusal)));
            }
            else
            {
                foreach (var change in changes) await call.Shell.Out.WriteLineAsync($"{Mark(change)}: {change.Text}");
                await call.Shell.Out.WriteLineAsync(
                    refusal ?? (changes.Count == 0 ? "Nothing changes." : $"{after.Name} {after.Version} may follow {before.Version}."));
            }

            return refusal is null ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static void Write(Utf8JsonWriter json, JoinContract before, JoinContract after, IReadOnlyList<ContractChange> changes, string? refusal)
    {
        json.WriteStartObject();
        json.WriteString("contract", after.Name);
        json.WriteString("from", before.Version);
        json.WriteString("to", after.Version);
        json.WriteBoolean("may_follow", refusal is null);
        if (refusal is not null) json.WriteString("refusal", refusal);
        json.WriteStartArray("changes");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("breaks", change.Breaks?.ToString().ToLowerInvariant());
            json.WriteString("text", change.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Mark(ContractChange change) => change.Breaks switch
    {
        ContractSide.Senders => "breaks senders",
        ContractSide.Readers => "breaks readers",
        _ => "compatible",
    };

    private static string Fate(OnViolation mode) =>
        mode is OnViolation.Quarantine ? "put aside until a person releases it, and calls that break it are refused" : "charged, and counted as incomplete";
}
