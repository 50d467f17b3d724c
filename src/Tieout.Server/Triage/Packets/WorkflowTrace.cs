using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Http;
using Tieout.Server.Ingest;

namespace Tieout.Server.Triage.Packets;

/// <summary>An operation of a workflow with what the ledger knows of it.</summary>
internal sealed record TracedOperation(string Id, IReadOnlyList<Attempt> Attempts, IReadOnlyList<LineageEntry> Steps);

/// <summary>The workflow as an OTLP trace in JSON: a span for each operation, attempt and hop, so that it can be laid beside the caller's own trace.</summary>
/// <remarks>Trace ids are those that the rows have. Ids of spans are not stored, so they are made from the ids of what they stand for: the same on every
/// export.</remarks>
internal static class WorkflowTrace
{
    private const int Internal = 1;
    private const int Client = 3;
    private const int Producer = 4;
    private const int Error = 2;

    public static byte[] Json(Dispute dispute, IReadOnlyList<TracedOperation> operations, OtherTenants others)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("resourceSpans");
            json.WriteStartObject();
            json.WriteStartObject("resource");
            json.WriteStartArray("attributes");
            var resource = new Attributes(json, others);
            resource.Text("service.name", "tieout");
            resource.Text("tieout.org", dispute.Org.Org.Id);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("scopeSpans");
            json.WriteStartObject();
            json.WriteStartObject("scope");
            json.WriteString("name", "tieout.packet");
            json.WriteEndObject();
            json.WriteStartArray("spans");
            foreach (var operation in operations) new Spans(json, dispute.Org, operation, others).Write();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>An id for a trace that no row names.</summary>
    private static string TraceOf(string org, string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"tieout/trace\n{org}\n{id}")).AsSpan(0, 16));

    private static string SpanOf(string kind, string org, string id) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"tieout/span/{kind}\n{org}\n{id}")).AsSpan(0, 8));

    /// <summary>The spans of one operation.</summary>
    private sealed class Spans(Utf8JsonWriter json, OrgState org, TracedOperation operation, OtherTenants others)
    {
        private readonly string _org = org.Org.Id;

        private readonly string? _workflow = operation.Attempts.Select(attempt => attempt.Usage?.Usage.WorkflowId).OfType<string>().FirstOrDefault();

        private readonly string _trace =
            operation.Attempts.Select(attempt => HexIds.Trace(attempt.Usage?.Usage.TraceId)).OfType<string>().FirstOrDefault()
            ?? TraceOf(
                org.Org.Id, operation.Attempts.Select(attempt => attempt.Usage?.Usage.WorkflowId).OfType<string>().FirstOrDefault() ?? operation.Id);

        private string Root => SpanOf("operation", _org, operation.Id);

        public void Write()
        {
            var times = operation.Attempts.SelectMany(attempt => new[] { Start(attempt), End(attempt) })
                .Concat(operation.Steps.Select(step => step.Row.Step.At));
            var (first, last) = times.Aggregate((First: Instant.EndOfTime, Last: Instant.UnixEpoch),
                (range, at) => (at < range.First ? at : range.First, at > range.Last ? at : range.Last));
            Begin(_trace, Root, parent: null, $"operation {operation.Id}", Internal, first, last);
            var attributes = new Attributes(json, others);
            json.WriteStartArray("attributes");
            Identity(attributes);
            attributes.Text("tieout.charge", Core.Money.Amount.Sum(operation.Attempts.Select(attempt => attempt.Usage?.Charge ?? default)).ToString());
            attributes.Text("tieout.asset", org.Org.Asset);
            json.WriteEndArray();
            json.WriteEndObject();
            foreach (var attempt in operation.Attempts) Write(attempt);
            foreach (var hop in operation.Steps.Where(step => step.Row.Step.Kind is LineageKind.Hop)) Write(hop);
        }

        private void Write(Attempt attempt)
        {
            var (usage, id) = (attempt.Usage?.Usage, (attempt.Usage?.Usage.Id ?? attempt.Hold!.Id).ToString());
            var labels = usage?.Labels ?? attempt.Hold!.Scope;
            var trace = HexIds.Trace(usage?.TraceId) ?? _trace;
            var step = operation.Steps.FirstOrDefault(step => step.Row.Step.Id == id);
            Begin(trace, SpanOf("attempt", _org, id), trace == _trace ? Root : null, $"attempt {usage?.AttemptNo ?? step?.Row.Step.AttemptNo} {labels.Model}".TrimEnd(),
                Client, Start(attempt), End(attempt));
            json.WriteStartArray("attributes");
            var attributes = new Attributes(json, others);
            Identity(attributes);
            attributes.Number("idenv.attempt", usage?.AttemptNo ?? step?.Row.Step.AttemptNo);
            attributes.Text("gen_ai.provider.name", labels.Provider);
            attributes.Text("gen_ai.response.model", labels.Model);
            if (usage is not null) Used(attributes, attempt.Usage!);
            attributes.Text("tieout.usage_id", id);
            foreach (var label in LabelDimension.All.Where(label => label.Name is not ("provider" or "model"))) attributes.Text($"tieout.{label.Name}", label.Of(labels));
            if (attempt.Hold is { } hold)
            {
                attributes.Text("tieout.hold.state", SnakeCase.Of(attempt.State));
                attributes.Text("tieout.hold.amount", hold.Amount.ToString());
            }

            if (step is not null) Step(attributes, step);
            json.WriteEndArray();
            if (usage?.Failed == true)
            {
                json.WriteStartObject("status");
                json.WriteNumber("code", Error);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        private void Write(LineageEntry hop)
        {
            var step = hop.Row.Step;
            Begin(_trace, SpanOf("hop", _org, $"{hop.Row.Issuance}/{hop.Row.No}"), Root, $"hop to {step.Target}", Producer, step.At, step.At);
            json.WriteStartArray("attributes");
            var attributes = new Attributes(json, others);
            Identity(attributes);
            Step(attributes, hop);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Begin(string trace, string span, string? parent, string name, int kind, Instant start, Instant end)
        {
            json.WriteStartObject();
            json.WriteString("traceId", trace);
            json.WriteString("spanId", span);
            if (parent is not null) json.WriteString("parentSpanId", parent);
            json.WriteString("name", others.Hidden(name));
            json.WriteNumber("kind", kind);
            json.WriteString("startTimeUnixNano", Nanos(start));
            json.WriteString("endTimeUnixNano", Nanos(end));
        }

        private void Identity(Attributes attributes)
        {
            attributes.Text("idenv.tenant.id", _org);
            attributes.Text("idenv.workflow.id", _workflow);
            attributes.Text("idenv.operation.id", operation.Id);
        }

        private static void Used(Attributes attributes, UsageRow row)
        {
            var (usage, counts) = (row.Usage, row.Usage.Counts);
            attributes.Number("gen_ai.usage.input_tokens", counts.InputTokens);
            attributes.Number("gen_ai.usage.output_tokens", counts.OutputTokens);
            if (counts.CacheReadTokens > 0) attributes.Number("gen_ai.usage.cache_read.input_tokens", counts.CacheReadTokens);
            if (counts.CacheWriteTokens > 0) attributes.Number("gen_ai.usage.cache_creation.input_tokens", counts.CacheWriteTokens);
            if (counts.ReasoningTokens > 0) attributes.Number("gen_ai.usage.reasoning.output_tokens", counts.ReasoningTokens);
            attributes.Number("http.response.status_code", usage.StatusCode);
            attributes.Text("enduser.id", usage.EndUser);
            attributes.Text("tieout.correlation_id", usage.CorrelationId);
            attributes.Text("tieout.basis", SnakeCase.Of(usage.Basis));
            attributes.Text("tieout.charge", row.Charge.ToString());
        }

        private static void Step(Attributes attributes, LineageEntry step)
        {
            attributes.Text("tieout.envelope.issuance_id", step.Row.Issuance);
            attributes.Text("tieout.envelope.key_id", step.KeyId);
            attributes.Text("tieout.envelope.sha256", Convert.ToHexStringLower(step.TokenSha256));
            attributes.Number("tieout.envelope.step", step.Row.No);
            attributes.Text("tieout.executor", step.Row.Step.Executor);
            attributes.Text("tieout.target", step.Row.Step.Target);
        }

        private static Instant Start(Attempt attempt) => attempt.Usage?.Usage.OccurredAt ?? attempt.Hold!.HeldAt;

        private static Instant End(Attempt attempt) => Start(attempt) + TimeSpan.FromMilliseconds(attempt.Usage?.Usage.DurationMs ?? 0);

        private static string Nanos(Instant at) => ((Int128)at.UnixMicros * 1_000).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Attributes as OTLP has them in JSON: whole numbers as text.</summary>
    private readonly struct Attributes(Utf8JsonWriter json, OtherTenants others)
    {
        public void Text(string key, string? value)
        {
            if (value is not null) Write(key, "stringValue", others.Hidden(value));
        }

        public void Number(string key, long? value)
        {
            if (value is { } number) Write(key, "intValue", number.ToString(CultureInfo.InvariantCulture));
        }

        private void Write(string key, string type, string value)
        {
            json.WriteStartObject();
            json.WriteString("key", key);
            json.WriteStartObject("value");
            json.WriteString(type, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }
}
