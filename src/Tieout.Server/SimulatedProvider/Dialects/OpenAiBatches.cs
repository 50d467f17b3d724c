using System.Text.Json;

namespace Tieout.Server.SimulatedProvider.Dialects;

/// <summary>A batch that has been run; its files are shown once it has been found at work.</summary>
/// <param name="Output">Null: no line was answered.</param>
/// <param name="Errors">Null: no line failed.</param>
internal sealed record KeptBatch(
    string Id, string Endpoint, string InputFileId, long CreatedUnixSeconds, KeptFile? Output, KeptFile? Errors, OpenAiBatchCounts Counts)
{
    private int _polls;

    public string Poll() => Interlocked.Increment(ref _polls) == 1 ? "in_progress" : "completed";
}

/// <summary>OpenAI batches: each line is billed when the batch is made, as <c>batch_id</c> on the bill, whoever comes for the results.</summary>
internal sealed class OpenAiBatches(KeptThings<KeptBatch> kept, OpenAiFiles files, OpenAiBatchRun run, SimulatedGenerator generator) : OpenAiResource
{
    public override bool Answers(string method, string path) => (method, path.Split('/')) switch
    {
        ("POST", [.., "batches"]) => true,
        ("GET", [.., "batches", _]) => true,
        _ => false,
    };

    public override string EndpointOf(string path) => path.EndsWith("/batches", StringComparison.Ordinal) ? "batches" : "batches/{id}";

    public override int Answer(string method, SimulatedInput input, RenderedAnswer rendered)
    {
        if (method == "POST")
        {
            var batch = Create(input);
            rendered.WriteBody(json => WriteBatch(json, batch, "validating"));
            return 200;
        }

        var id = input.Path.Split('/')[^1];
        if (!kept.TryGet(id, out var found)) return NotFound(id, rendered);
        var status = found.Poll();
        rendered.WriteBody(json => WriteBatch(json, found, status));
        return 200;
    }

    private KeptBatch Create(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var fileId = root.Text("input_file_id") ?? throw new SimulatedRequestException("Missing required parameter: 'input_file_id'.", "input_file_id");
        var endpoint = root.Text("endpoint") ?? throw new SimulatedRequestException("Missing required parameter: 'endpoint'.", "endpoint");
        var file = files.Find(fileId) ?? throw new SimulatedRequestException($"No such file: '{fileId}'.", "input_file_id");

        var id = $"batch_{generator.NextId()}";
        var (output, errors, counts) = run.Run(id, endpoint, input, file.Bytes);
        var batch = new KeptBatch(
            id, endpoint, fileId, generator.NowUnixSeconds,
            output.Length == 0 ? null : files.Keep($"{id}_output.jsonl", "batch_output", output),
            errors.Length == 0 ? null : files.Keep($"{id}_error.jsonl", "batch_output", errors), counts);
        kept.Add(id, batch);
        return batch;
    }

    private static void WriteBatch(Utf8JsonWriter json, KeptBatch batch, string status)
    {
        var completed = status == "completed";
        json.WriteString("id"u8, batch.Id);
        json.WriteString("object"u8, "batch"u8);
        json.WriteString("endpoint"u8, batch.Endpoint);
        json.WriteNull("errors"u8);
        json.WriteString("input_file_id"u8, batch.InputFileId);
        json.WriteString("completion_window"u8, "24h"u8);
        json.WriteString("status"u8, status);
        json.WriteString("output_file_id"u8, completed ? batch.Output?.Id : null);
        json.WriteString("error_file_id"u8, completed ? batch.Errors?.Id : null);
        json.WriteNumber("created_at"u8, batch.CreatedUnixSeconds);
        if (completed) json.WriteNumber("completed_at"u8, batch.CreatedUnixSeconds);
        else json.WriteNull("completed_at"u8);
        json.WriteObject("request_counts", counts =>
        {
            counts.WriteNumber("total"u8, batch.Counts.Answered + batch.Counts.Failed);
            counts.WriteNumber("completed"u8, completed ? batch.Counts.Answered : 0);
            counts.WriteNumber("failed"u8, completed ? batch.Counts.Failed : 0);
        });

        // The sum of the lines' usage, which whoever charges by the line must not charge again.
        if (completed) OpenAiDialect.WriteInputUsage(json, batch.Counts.Usage);
        json.WriteNull("metadata"u8);
    }
}
