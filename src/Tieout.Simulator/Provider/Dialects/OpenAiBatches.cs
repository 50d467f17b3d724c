using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI batches: each line is billed when the batch ends, as <c>batch_id</c> on the bill, whoever comes for the results.</summary>
internal sealed class OpenAiBatches(KeptThings<KeptBatch> kept, OpenAiFiles files, OpenAiBatchRun run, SimulatedGenerator generator) : OpenAiResource
{
    public override bool Answers(string method, string path) => (method, path.Split('/')) switch
    {
        (_, [.., "messages", "batches"] or [.., "messages", "batches", _] or [.., "messages", "batches", _, "cancel"]) => false,
        ("POST" or "GET", [.., "batches"]) => true,
        ("GET", [.., "batches", _]) => true,
        ("POST", [.., "batches", _, "cancel"]) => true,
        _ => false,
    };

    public override string EndpointOf(string path) => path.Split('/') switch
    {
        [.., "batches"] => "batches",
        [.., "cancel"] => "batches/{id}/cancel",
        _ => "batches/{id}",
    };

    public override int Answer(string method, SimulatedInput input, RenderedAnswer rendered)
    {
        switch (method, input.Path.Split('/'))
        {
            case ("POST", [.., "batches"]):
                var made = Create(input);
                rendered.WriteBody(json => WriteBatch(json, made));
                return 200;
            case ("GET", [.., "batches"]):
                rendered.WriteBody(WriteList);
                return 200;
            case (_, [.., var id, "cancel"]):
                return Look(id, batch => batch.Cancel(), rendered);
            default:
                return Look(input.Path.Split('/')[^1], batch => batch.Poll(), rendered);
        }
    }

    private int Look(string id, Action<KeptBatch> look, RenderedAnswer rendered)
    {
        if (!kept.TryGet(id, out var found)) return NotFound(id, rendered);
        look(found);
        rendered.WriteBody(json => WriteBatch(json, found));
        return 200;
    }

    private KeptBatch Create(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var fileId = root.Text("input_file_id") ?? throw new SimulatedRequestException("Missing required parameter: 'input_file_id'.", "input_file_id");
        var endpoint = root.Text("endpoint") ?? throw new SimulatedRequestException("Missing required parameter: 'endpoint'.", "endpoint");
        var file = files.Find(fileId) ?? throw new SimulatedRequestException($"No such file: '{fileId}'.", "input_file_id");
        var lines = run.Check(endpoint, file.Bytes);
        var wishes = BatchWishes.Read(input.Headers);

        // The request's own headers are the server's again once it is answered.
        var headers = new HeaderDictionary();
        foreach (var header in input.Headers) headers[header.Key] = header.Value;
        var later = input.Line(endpoint, headers, []);
        var id = $"batch_{generator.NextId()}";
        var batch = new KeptBatch(id, endpoint, fileId, generator.NowUnixSeconds, lines.Count, wishes, (done, reason) =>
        {
            var (output, errors, counts) = run.Run(id, endpoint, later, lines, wishes with { Done = Math.Min(done, wishes.Done) }, reason);
            return new(Keep("output", output), Keep("error", errors), counts);
        });
        kept.Add(id, batch);
        return batch;

        KeptFile? Keep(string what, byte[] content) => content.Length == 0 ? null : files.Keep($"{id}_{what}.jsonl", "batch_output", content);
    }

    private void WriteList(Utf8JsonWriter json)
    {
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var batch in kept.NewestFirst())
        {
            json.WriteStartObject();
            WriteBatch(json, batch);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more"u8, false);
    }

    private static void WriteBatch(Utf8JsonWriter json, KeptBatch batch)
    {
        var (status, results) = batch.Standing;
        json.WriteString("id"u8, batch.Id);
        json.WriteString("object"u8, "batch"u8);
        json.WriteString("endpoint"u8, batch.Endpoint);
        json.WriteNull("errors"u8);
        json.WriteString("input_file_id"u8, batch.InputFileId);
        json.WriteString("completion_window"u8, "24h"u8);
        json.WriteString("status"u8, status);
        json.WriteString("output_file_id"u8, results?.Output?.Id);
        json.WriteString("error_file_id"u8, results?.Errors?.Id);
        json.WriteNumber("created_at"u8, batch.CreatedUnixSeconds);
        if (status == "completed") json.WriteNumber("completed_at"u8, batch.CreatedUnixSeconds);
        else json.WriteNull("completed_at"u8);
        json.WriteObject("request_counts", counts =>
        {
            counts.WriteNumber("total"u8, batch.Lines);
            counts.WriteNumber("completed"u8, results?.Counts.Answered ?? 0);
            counts.WriteNumber("failed"u8, results?.Counts.Failed ?? 0);
        });

        // The sum of the lines' usage, which whoever charges by the line must not charge again.
        if (results is not null) OpenAiDialect.WriteInputUsage(json, results.Counts.Usage);
        json.WriteNull("metadata"u8);
    }
}
