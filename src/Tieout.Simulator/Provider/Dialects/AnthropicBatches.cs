using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Anthropic's message batches: each request is billed when the batch ends, as <c>batch_id</c> on the bill, whoever comes for the results.</summary>
internal sealed class AnthropicBatches(KeptThings<KeptBatch> kept, OpenAiBatchRun run, SimulatedGenerator generator) : SimulatedResource
{
    private const string Endpoint = "/v1/messages";

    public override string Name => "anthropic";

    public override bool Answers(string method, string path) => (method, path.Split('/')) switch
    {
        ("POST" or "GET", [.., "messages", "batches"]) => true,
        ("GET" or "DELETE", [.., "messages", "batches", _]) => true,
        ("POST", [.., "messages", "batches", _, "cancel"]) => true,
        ("GET", [.., "messages", "batches", _, "results"]) => true,
        _ => false,
    };

    public override string EndpointOf(string path) => path.Split('/') switch
    {
        [.., "batches"] => "messages/batches",
        [.., "cancel"] => "messages/batches/{id}/cancel",
        [.., "results"] => "messages/batches/{id}/results",
        _ => "messages/batches/{id}",
    };

    public override int Answer(string method, SimulatedInput input, RenderedAnswer rendered)
    {
        switch (method, input.Path.Split('/'))
        {
            case ("POST", [.., "batches"]):
                var made = Create(input);
                rendered.WriteBody(json => WriteBatch(json, made, input.Path));
                return 200;
            case ("GET", [.., "batches"]):
                rendered.WriteBody(json => WriteList(json, input.Path));
                return 200;
            case (_, [.., var id, "cancel"]):
                return Look(id, input.Path, batch => batch.Cancel(), rendered);
            case (_, [.., var id, "results"]):
                return Results(id, rendered);
            case ("DELETE", [.., var id]):
                kept.Remove(id);
                rendered.WriteBody(json =>
                {
                    json.WriteString("id"u8, id);
                    json.WriteString("type"u8, "message_batch_deleted"u8);
                });
                return 200;
            default:
                return Look(input.Path.Split('/')[^1], input.Path, batch => batch.Poll(), rendered);
        }
    }

    public override void WriteError(int status, string message, string? field, RenderedAnswer rendered) =>
        AnthropicDialect.WriteErrorBody(status, field is null ? message : $"{field}: {message}", rendered);

    private int Look(string id, string path, Action<KeptBatch> look, RenderedAnswer rendered)
    {
        if (!kept.TryGet(id, out var found)) return NotFound(id, rendered);
        look(found);
        rendered.WriteBody(json => WriteBatch(json, found, path));
        return 200;
    }

    private int Results(string id, RenderedAnswer rendered)
    {
        if (!kept.TryGet(id, out var found) || found.Standing.Results is not { Output: { } results }) return NotFound(id, rendered);
        rendered.ContentType = "application/x-jsonl";
        rendered.Bytes.Write(results.Bytes);
        rendered.EndPart();
        return 200;
    }

    private int NotFound(string id, RenderedAnswer rendered)
    {
        WriteError(404, $"No such thing: '{id}'.", null, rendered);
        return 404;
    }

    private KeptBatch Create(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var lines = root.Required("requests").EnumerateArray().Select(line => line.Clone()).ToList();
        foreach (var line in lines)
        {
            JsonRequest.Expect(line.Text("custom_id") is not null, "Field required", "custom_id");
            line.Required("params");
        }

        // The request's own headers are the server's again once it is answered.
        var headers = new HeaderDictionary();
        foreach (var header in input.Headers) headers[header.Key] = header.Value;
        var later = input.Line(Endpoint, headers, []);
        var (id, wishes) = ($"msgbatch_{generator.NextId()}", BatchWishes.Read(input.Headers));
        var batch = new KeptBatch(id, Endpoint, "", generator.NowUnixSeconds, lines.Count, wishes,
            (done, reason) => Run(id, later, lines, wishes with { Done = Math.Min(done, wishes.Done) }, reason));
        kept.Add(id, batch);
        return batch;
    }

    private BatchResults Run(string id, SimulatedInput batch, List<JsonElement> lines, BatchWishes wishes, string reason)
    {
        var file = new ArrayBufferWriter<byte>();
        var counts = new OpenAiBatchCounts(0, 0, SimulatedUsage.None);
        var dialect = run.DialectOf(Endpoint);
        foreach (var (number, line) in lines.Index())
        {
            var customId = line.Text("custom_id")!;
            if (number >= wishes.Done)
            {
                Write(file, customId, reason == "batch_cancelled" ? "canceled" : "expired", null, null, 1);
                continue;
            }

            var (status, answer, body) = run.Answer(dialect, id, batch, Endpoint, line.Required("params"));
            Write(file, customId, status == 200 ? "succeeded" : "errored", status == 200 ? "message" : "error", body, wishes.Twice ? 2 : 1);
            counts = answer is null ? counts with { Failed = counts.Failed + 1 }
                : counts with { Answered = counts.Answered + 1, Usage = OpenAiBatchRun.Sum(counts.Usage, answer.Usage) };
        }

        return new(new KeptFile(id, id, "results", generator.NowUnixSeconds, file.WrittenSpan.ToArray()), Errors: null, counts);
    }

    private static void Write(ArrayBufferWriter<byte> file, string customId, string type, string? name, RenderedAnswer? body, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using (var json = new Utf8JsonWriter(file))
            {
                json.WriteStartObject();
                json.WriteString("custom_id"u8, customId);
                json.WriteObject("result", result =>
                {
                    result.WriteString("type"u8, type);
                    if (name is null) return;
                    result.WritePropertyName(name);
                    result.WriteRawValue(body!.Bytes.WrittenSpan, skipInputValidation: true);
                });
                json.WriteEndObject();
            }

            file.Write("\n"u8);
        }
    }

    private void WriteList(Utf8JsonWriter json, string path)
    {
        json.WriteStartArray("data"u8);
        foreach (var batch in kept.NewestFirst())
        {
            json.WriteStartObject();
            WriteBatch(json, batch, path);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more"u8, false);
        json.WriteNull("first_id"u8);
        json.WriteNull("last_id"u8);
    }

    private static void WriteBatch(Utf8JsonWriter json, KeptBatch batch, string path)
    {
        var (status, results) = batch.Standing;
        var ended = results is not null;
        var unworked = ended ? batch.Lines - results!.Counts.Answered - results.Counts.Failed : 0;
        json.WriteString("id"u8, batch.Id);
        json.WriteString("type"u8, "message_batch"u8);
        json.WriteString("processing_status"u8, ended ? "ended" : "in_progress");
        json.WriteObject("request_counts", counts =>
        {
            counts.WriteNumber("processing"u8, ended ? 0 : batch.Lines);
            counts.WriteNumber("succeeded"u8, results?.Counts.Answered ?? 0);
            counts.WriteNumber("errored"u8, results?.Counts.Failed ?? 0);
            counts.WriteNumber("canceled"u8, status == "cancelled" ? unworked : 0);
            counts.WriteNumber("expired"u8, status == "expired" ? unworked : 0);
        });
        var created = DateTimeOffset.FromUnixTimeSeconds(batch.CreatedUnixSeconds).UtcDateTime;
        json.WriteString("created_at"u8, created);
        json.WriteString("expires_at"u8, created.AddHours(24));
        json.WriteString("ended_at"u8, ended ? $"{created:yyyy-MM-dd'T'HH:mm:ss'Z'}" : null);
        json.WriteNull("archived_at"u8);
        json.WriteNull("cancel_initiated_at"u8);
        json.WriteString("results_url"u8,
            ended ? $"https://provider.example{path[..path.IndexOf("/messages/batches", StringComparison.Ordinal)]}/messages/batches/{batch.Id}/results"
                : null);
    }
}
