using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger.Tools;

/// <summary>One call of a tool by an agent: its name and how it ended, never its content. Recorded once (<see cref="RecordKind.ToolCall"/>).</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Feature">The feature that the agent works for; null: it names none.</param>
/// <param name="Failed">The call had no usable result.</param>
/// <param name="Retries">How often the call was tried again; zero or more.</param>
/// <param name="Reporter">Who reported it: <c>api</c>, <c>otlp</c> or <c>gateway</c>.</param>
/// <param name="Id">The call's id in its source.</param>
public sealed record ToolCall(string Tool, string? Feature, bool Failed, int Retries, Instant OccurredAt, string Reporter, string Id)
{
    /// <summary>Ids that providers give to calls belong to this source, whoever reports the call. So a call counts once, however many report it.</summary>
    public const string ProviderSource = "call";

    /// <summary>The name of tools whose own name is no valid one.</summary>
    public const string OtherTool = "other";

    /// <summary>Far more often than anybody tries.</summary>
    public const int RetriesMax = 1_000;

    /// <summary>The kind of the failure, for example <c>timeout</c>; null: none is given.</summary>
    public string? Error { get; init; }

    /// <summary>The logical request that the call belongs to; null: none is given.</summary>
    public string? OperationId { get; init; }

    /// <summary>The name of its record: the same source and id have the same name.</summary>
    public static string NameOf(string source, string id)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{source.Length}:{source}{id}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }

    /// <summary>A tool's name as it is counted.</summary>
    public static string Counted(string? tool) => Names.IsValid(tool) ? tool! : OtherTool;

    /// <summary>The hour of UTC that it counts in. A call of a clock that runs ahead counts when it is recorded.</summary>
    public Instant CountsAt(Instant recordedAt) => OccurredAt < recordedAt ? OccurredAt : recordedAt;

    /// <summary>The body of its record.</summary>
    public string Body => Details.Write(json =>
    {
        json.WriteString("tool", Tool);
        if (Feature is not null) json.WriteString("feature", Feature);
        json.WriteBoolean("failed", Failed);
        json.WriteNumber("retries", Retries);
        json.WriteNumber("occurred_at_us", OccurredAt.UnixMicros);
        json.WriteString("reporter", Reporter);
        json.WriteString("id", Id);
        if (Error is not null) json.WriteString("error", Error);
        if (OperationId is not null) json.WriteString("operation_id", OperationId);
    });

    /// <summary>Back from <see cref="Body"/>; null: it is no such body, so it counts as no call.</summary>
    public static ToolCall? Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            string? Text(string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
            return new(
                root.GetProperty("tool").GetString()!, Text("feature"), root.GetProperty("failed").GetBoolean(), root.GetProperty("retries").GetInt32(),
                new(root.GetProperty("occurred_at_us").GetInt64()), root.GetProperty("reporter").GetString()!, root.GetProperty("id").GetString()!)
            {
                Error = Text("error"),
                OperationId = Text("operation_id"),
            };
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
