using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Writing;

/// <summary>A command that the ledger could not decide or store because of a fault of its own, as it is recorded: all of it, and what happened.</summary>
/// <remarks>The record opens a finding in the same commit. Its id follows from the command, so the same command is recorded once however often it is
/// sent.</remarks>
internal static class QuarantinedCommand
{
    /// <summary>In characters: longer than any command that a door lets in; what is longer is cut, and the record says so.</summary>
    private const int CommandMax = 4 * 1024 * 1024;

    private const int MessageMax = 2_000;

    /// <returns>The record, and the outcome of the command.</returns>
    public static (Command.AddRecord Record, Outcome.Refused Outcome) Of(Command command, Exception failure, Book book)
    {
        var attempt = Said(() => command.AttemptId);
        var org = Said(() => command.OrgId) ?? (attempt is { } held ? book.Attempt(held)?.Hold?.Scope.Org : null) ?? "";
        var text = TextOf(command);
        var id = "q-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(org + "\n" + text)).AsSpan(0, 12));
        var body = Body(id, org, command, attempt, failure, text);
        var record = new Command.AddRecord(RecordKind.Quarantine, book.Org(org) is null ? "" : org, id, body, Once: true)
        {
            Announcement = new(Finding: new(FindingCode.CommandQuarantined, QuarantineSummary.Of(body))),
            Audit = command.Audit is { } action ? action with { After = null, Approval = null } : null,
        };
        return (record, new(Refusal.CommandQuarantined, id));
    }

    private static string Body(string id, string org, Command command, AttemptId? attempt, Exception failure, string text)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject(QuarantineSummary.Member);
            json.WriteString("quarantine", id);
            json.WriteString("kind", JsonNamingPolicy.SnakeCaseLower.ConvertName(command.GetType().Name));
            json.WriteString("org", Encoding.UTF8.GetBytes(org));
            if (attempt is { } usage) json.WriteString("usage_id", usage.ToString());
            if (ChargeOf(command) is { } charge) json.WriteString("not_charged", charge);
            json.WriteString("exception", failure.GetType().Name);
            json.WriteString("reason", Encoding.UTF8.GetBytes(failure.Message.Length <= MessageMax ? failure.Message : failure.Message[..MessageMax]));
            json.WriteString("consequence", command is Command.Settle
                ? "The usage of this attempt is not charged. Its hold stays open until it expires. Charge the usage by hand after the fault is corrected."
                : "The command changed nothing. Send it again after the fault is corrected.");
            json.WriteEndObject();
            json.WritePropertyName("command");
            if (text.Length <= CommandMax) json.WriteRawValue(text, skipInputValidation: true);
            else json.WriteStringValue(Encoding.UTF8.GetBytes(text[..CommandMax]));
            json.WriteBoolean("truncated", text.Length > CommandMax);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>A command that cannot even be read is recorded by the name of its kind.</summary>
    private static string TextOf(Command command)
    {
        try
        {
            return CommandJson.Of(command);
        }
        catch (Exception unreadable) when (unreadable is TargetInvocationException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            return JsonSerializer.Serialize($"{command.GetType().Name} (unreadable: {unreadable.Message})", QuarantineJson.Default.String);
        }
    }

    /// <summary>A command that cannot be decided may lack what it must have.</summary>
    private static T? Said<T>(Func<T?> say)
    {
        try
        {
            return say();
        }
        catch (NullReferenceException)
        {
            return default;
        }
    }

    private static string? ChargeOf(Command command) => command switch
    {
        Command.Settle settle => settle.Usage?.Charge.ToString(),
        Command.Charge charge => charge.Usage?.Charge.ToString(),
        _ => null,
    };
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class QuarantineJson : System.Text.Json.Serialization.JsonSerializerContext;
