using System.Globalization;
using System.Text.Json;
using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger;

/// <summary>The JSON that commands, findings and messages are kept and told with. Canonical: equal content, equal text.</summary>
internal static class Details
{
    public static string TopUp(Command.TopUp command) => Write(json =>
    {
        json.WriteString("kind", "top_up");
        json.WriteString("amount", command.Amount.ToString());
    });

    public static string Grant(Command.Grant command) => Write(json =>
    {
        json.WriteString("kind", "grant");
        json.WriteString("amount", command.Amount.ToString());
        json.WriteNumber("priority", command.Priority);
        if (command.ExpiresAt is { } expiresAt) json.WriteNumber("expires_at_us", expiresAt.UnixMicros);
    });

    /// <summary>Back from what <see cref="Grant"/> wrote.</summary>
    public static GrantLot ParseGrant(CommandRow row)
    {
        using var json = JsonDocument.Parse(row.Content);
        var amount = Amount.Parse(json.RootElement.GetProperty("amount").GetString()!);
        var priority = json.RootElement.GetProperty("priority").GetInt32();
        Instant? expiresAt = json.RootElement.TryGetProperty("expires_at_us", out var micros) ? new Instant(micros.GetInt64()) : null;
        return new(row.Id, priority, expiresAt, amount, amount);
    }

    public static string Correct(Command.Correct command) => Write(json =>
    {
        json.WriteString("kind", "correct");
        json.WriteNumber("posting", command.Posting);
        if (command.NewAmount is { } amount) json.WriteString("new_amount", amount.ToString());
        json.WriteString("reason", command.Reason);
        if (command.IsPostingRepair) json.WriteBoolean("posting_repair", value: true);
    });

    public static string ChargeRecorded(Command.ChargeRecorded command) => Write(json =>
    {
        json.WriteString("kind", "charge_recorded");
        json.WriteNumber("usage", command.Usage);
        json.WriteString("reason", command.Reason);
    });

    public static string OrphanHold(Hold hold) => Write(json =>
    {
        json.WriteString("usage_id", hold.Id.ToString());
        json.WriteString("operation_id", hold.OperationId);
        json.WriteString("held", hold.Amount.ToString());
        json.WriteString("held_at", hold.HeldAt.ToString());
        json.WriteString("expires_at", hold.ExpiresAt.ToString());
    });

    public static string Overrun(UsageRow row, Outcome.Refused lacking) => Write(json =>
    {
        WriteUsage(json, row);
        json.WriteString("limit", lacking.Limit);
        if (lacking.Left is { } left)
        {
            json.WriteString("left", left.ToString());
            json.WriteString("difference", (row.Charge - left).ToString());
        }
    });

    /// <summary>Both figures: what is charged, and what the provider claims.</summary>
    public static string AboveCeiling(UsageRow row, ResolvedPrice? price, Amount? held) => Write(json =>
    {
        WriteUsage(json, row);
        if (held is { } amount) json.WriteString("held", amount.ToString());
        var claimed = price is null ? row.Charge : ClaimLimit.Claimed(price, row.Usage.Counts).Charge;
        json.WriteString("claimed", claimed.ToString());
        json.WriteString("withheld", (claimed - row.Charge).ToString());
    });

    public static string Usage(UsageRow row) => Write(json => WriteUsage(json, row));

    /// <param name="price">What the record was priced at; it has no rate for the units that are named.</param>
    public static string UnpricedUnits(UsageRow row, ResolvedPrice price) => Write(json =>
    {
        WriteUsage(json, row);
        json.WriteStartObject("unpriced");
        foreach (var (unit, count) in price.WithoutRate(UnitCounts.Of(row.Usage.Counts))) json.WriteNumber(unit.Name, count);
        json.WriteEndObject();
    });

    public static string Threshold(BudgetState budget, BudgetWindow window, int percent) => Write(json =>
    {
        json.WriteString("budget", budget.Budget.Id);
        json.WriteNumber("percent", percent);
        json.WriteString("limit", budget.Budget.Limit?.ToString());
        json.WriteString("posted", window.Posted.ToString());
        json.WriteString("window_start", window.Key.Start.ToString());
        if (window.Key.Each is { } user) json.WriteString("user", user);
    });

    public static string Finding(FindingRow row) => Write(json =>
    {
        json.WriteNumber("finding", row.Seq);
        json.WriteString("code", row.Code.Name);
        json.WriteString("severity", row.Code.Severity);
        if (row.Attempt is { } attempt) json.WriteString("usage_id", attempt.ToString());
        json.WritePropertyName("detail");
        if (IsObject(row.Detail)) json.WriteRawValue(row.Detail, skipInputValidation: true);
        else json.WriteStringValue(row.Detail);
    });

    public static string LabelSetsFull(int limit, Metering.UsageLabels last) => Write(json =>
    {
        json.WriteNumber("limit", limit);
        json.WriteString("cause", "The org has used every label set it may have. Feature, trigger and model of further sets become 'other'.");
        json.WriteString("last_feature", last.Feature);
        json.WriteString("last_trigger", last.Trigger);
        json.WriteString("last_model", last.Model);
    });

    public static string EndUsersFull(int limit, string budget, Instant windowStart) => Write(json =>
    {
        json.WriteNumber("limit", limit);
        json.WriteString(
            "cause", "The budget has a window for every end user it may have in this period. Further ones share the window of the end user 'other'.");
        json.WriteString("budget", budget);
        json.WriteString("window_start", windowStart.ToString());
    });

    public static string OrgOpened(Tenancy.Org org) => Write(json =>
    {
        json.WriteString("org", org.Id);
        json.WriteString("asset", org.Asset);
        json.WriteString("time_zone", org.TimeZone);
    });

    public static string PeriodClosed(string through) => Write(json => json.WriteString("through", through));

    /// <summary>Whether a text is one JSON object.</summary>
    public static bool IsObject(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return parsed.RootElement.ValueKind is JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteUsage(Utf8JsonWriter json, UsageRow row)
    {
        json.WriteString("usage_id", row.Usage.Id.ToString());
        json.WriteString("operation_id", row.Usage.OperationId);
        json.WriteString("provider", row.Usage.Labels.Provider);
        json.WriteString("model", row.Usage.Labels.Model);
        json.WriteString("charge", row.Charge.ToString());
        json.WriteString("basis", row.Usage.Basis.ToString().ToLower(CultureInfo.InvariantCulture));
        json.WriteString("usage_flags", row.Usage.Flags.ToString());
    }

    public static string Write(Action<Utf8JsonWriter> content)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
