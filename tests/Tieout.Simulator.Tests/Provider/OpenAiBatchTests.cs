using System.ClientModel;
using System.Text.Json;
using OpenAI.Files;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>Files and batches by the official client.</summary>
public sealed class OpenAiBatchTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_comes_back_as_it_went()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider).GetOpenAIFileClient();
        var bytes = new byte[] { 0, 13, 10, 45, 45, 255, 13, 10 };

        OpenAIFile uploaded = await client.UploadFileAsync(BinaryData.FromBytes(bytes), "some name.bin", FileUploadPurpose.Batch);
        OpenAIFile found = await client.GetFileAsync(uploaded.Id, Stop);
        BinaryData content = await client.DownloadFileAsync(uploaded.Id, Stop);
        await client.DeleteFileAsync(uploaded.Id, Stop);
        var gone = await Assert.ThrowsAsync<ClientResultException>(() => client.GetFileAsync(uploaded.Id, Stop));

        Assert.Equal(("some name.bin", 8, FilePurpose.Batch), (found.Filename, (int)found.SizeInBytesLong!, found.Purpose));
        Assert.Equal(bytes, content.ToArray());
        Assert.Equal(404, gone.Status);
        Assert.Equal(0, provider.Log.Totals().Billed);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[]", "prompt_tokens")]
    [InlineData("/v1/responses", "\"input\":\"hello\"", "input_tokens")]
    [InlineData("/v1/embeddings", "\"input\":\"hello\"", "prompt_tokens")]
    public async Task A_batch_is_found_finished_after_one_poll_and_each_line_is_billed_once(string endpoint, string content, string promptTokens)
    {
        await using var provider = await RunningProvider.StartAsync();
        var files = OfficialClients.OpenAi(provider).GetOpenAIFileClient();
        string[] sims = ["\"X-Sim-Prompt-Tokens\":\"10\"", "\"X-Sim-Prompt-Tokens\":\"20\"", "\"X-Sim-Fault\":\"500\"", "\"other\":\"member\""];
        var lines = string.Concat(sims.Select(sim =>
            $$"""{"metadata":{ {{sim}} },"model":"m",{{content}} }""").Select(
                (body, i) => $$"""{"custom_id":"line-{{i}}","method":"POST","url":"{{endpoint}}","body":{{body}} }""" + "\n"));
        OpenAIFile input = await files.UploadFileAsync(BinaryData.FromString(lines), "in.jsonl", FileUploadPurpose.Batch);

        var batches = OfficialClients.Batches(provider, ("X-Sim-Prompt-Tokens", "40"));
        using var request = BinaryContent.Create(
            BinaryData.FromString($$"""{"input_file_id":"{{input.Id}}","endpoint":"{{endpoint}}","completion_window":"24h"}"""));
        var batch = await batches.CreateBatchAsync(request, waitUntilCompleted: false);
        var polls = new List<JsonElement>();
        for (var i = 0; i < 3; i++) polls.Add(JsonElement.Parse((await batch.GetBatchAsync(null)).GetRawResponse().Content));

        Assert.Equal(["in_progress", "completed", "completed"], polls.Select(poll => poll.GetProperty("status").GetString()));
        Assert.Equal(JsonValueKind.Null, polls[0].GetProperty("output_file_id").ValueKind);
        Assert.Equal("""{"total":4,"completed":3,"failed":1}""", polls[^1].GetProperty("request_counts").GetRawText());
        Assert.Equal(70, polls[^1].GetProperty("usage").GetProperty("input_tokens").GetInt32());
        var output = await LinesAsync(files, polls[^1].GetProperty("output_file_id").GetString()!);
        var errors = await LinesAsync(files, polls[^1].GetProperty("error_file_id").GetString()!);
        Assert.Equal(
            [("line-0", 200, 10), ("line-1", 200, 20), ("line-3", 200, 40)],
            output.Select(
                line => (line.GetProperty("custom_id").GetString()!, Status(line), Body(line).GetProperty("usage").GetProperty(promptTokens).GetInt32())));
        Assert.Equal(("line-2", 500, "server_error"),
            (errors.Single().GetProperty("custom_id").GetString()!, Status(errors[0]), Body(errors[0]).GetProperty("error").GetProperty("type").GetString()!));

        var ofBatch = provider.Log.Calls().Where(call => call.BatchId == batch.BatchId).ToList();
        Assert.Equal([10, 20, 0, 40], ofBatch.Select(call => call.PromptTokens));
        Assert.Equal((3, 70), (provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens));
    }

    [Theory]
    [InlineData("""{"custom_id":"b","url":"/v1/responses","body":{}}""")]
    [InlineData("""{"url":"/v1/chat/completions","body":{}}""")]
    [InlineData("""{"custom_id":"b","url":"/v1/chat/completions"}""")]
    [InlineData("""no JSON""")]
    public async Task A_batch_with_a_line_that_is_none_is_refused_whole(string second)
    {
        await using var provider = await RunningProvider.StartAsync();
        const string first = """{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"m","messages":[]}}""";
        OpenAIFile input = await OfficialClients.OpenAi(provider).GetOpenAIFileClient().UploadFileAsync(
            BinaryData.FromString($"{first}\n{second}\n"), "in.jsonl", FileUploadPurpose.Batch);

        using var response = await provider.PostToAsync("/v1/batches", $$"""{"input_file_id":"{{input.Id}}","endpoint":"/v1/chat/completions"}""");

        Assert.Equal((400, 0), ((int)response.StatusCode, provider.Log.Totals().Billed));
    }

    private static async Task<List<JsonElement>> LinesAsync(OpenAIFileClient files, string id)
    {
        BinaryData content = await files.DownloadFileAsync(id, Stop);
        return [.. content.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }

    private static JsonElement Body(JsonElement line) => line.GetProperty("response").GetProperty("body");

    private static int Status(JsonElement line) => line.GetProperty("response").GetProperty("status_code").GetInt32();
}
