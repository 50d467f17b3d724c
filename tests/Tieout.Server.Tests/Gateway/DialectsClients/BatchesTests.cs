using System.ClientModel;
using System.Text.Json;
using OpenAI.Files;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>Files and batches by the official OpenAI client through the gateway.</summary>
public sealed class BatchesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_goes_all_its_way_and_each_line_is_charged_at_half_the_price()
    {
        await using var world = await BatchesWorld.StartAsync();
        var files = world.OpenAi().GetOpenAIFileClient();
        var lines = string.Concat(Enumerable.Range(0, 3).Select(i => BatchesWorld.Line($"line-{i}", sims: BatchesWorld.Sims(1000, 100)) + "\n"));

        OpenAIFile input = await files.UploadFileAsync(BinaryData.FromString(lines), "in.jsonl", FileUploadPurpose.Batch);
        using var request = BinaryContent.Create(
            BinaryData.FromString($$"""{"input_file_id":"{{input.Id}}","endpoint":"/v1/chat/completions","completion_window":"24h"}"""));
        var batch = await world.Batches().CreateBatchAsync(request, waitUntilCompleted: false);
        var word = JsonElement.Parse((await batch.GetBatchAsync(null)).GetRawResponse().Content);
        while (word.GetProperty("status").GetString() == "in_progress") word = JsonElement.Parse((await batch.GetBatchAsync(null)).GetRawResponse().Content);
        BinaryData output = await files.DownloadFileAsync(word.GetProperty("output_file_id").GetString(), Stop);
        OpenAIFileCollection listed = await files.GetFilesAsync(Stop);
        await files.DeleteFileAsync(input.Id, Stop);
        var gone = await Assert.ThrowsAsync<ClientResultException>(() => files.GetFileAsync(input.Id, Stop));

        Assert.Equal(("completed", 3), (word.GetProperty("status").GetString(), output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        Assert.Contains(listed, file => file.Id == input.Id);
        Assert.Equal(404, gone.Status);
        await world.ChargedAsync("0.00175", "0.00175", "0.00175");
    }

    [Fact]
    public async Task A_batch_is_cancelled_and_is_in_the_list()
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync(BatchesWorld.Line("only"));
        var client = world.Batches(("X-Sim-Batch", "polls:100"));
        using var request = BinaryContent.Create(
            BinaryData.FromString($$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}"""));

        var batch = await client.CreateBatchAsync(request, waitUntilCompleted: false);
        var cancelled = JsonElement.Parse((await batch.CancelAsync(null)).GetRawResponse().Content);
        var pages = new List<ClientResult>();
        await foreach (var page in client.GetBatchesAsync(new() { PageSizeLimit = 10 }, Stop).GetRawPagesAsync()) pages.Add(page);

        Assert.Equal("cancelled", cancelled.GetProperty("status").GetString());
        Assert.Equal(batch.BatchId, JsonElement.Parse(Assert.Single(pages).GetRawResponse().Content).GetProperty("data")[0].GetProperty("id").GetString());
        await world.ChargedAsync();
    }
}
