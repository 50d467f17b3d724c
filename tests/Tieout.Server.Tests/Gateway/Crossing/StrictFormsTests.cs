using System.Text;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>A form means one thing: what reaches the provider is a form of our own, and whatever could be read twice is refused.</summary>
public sealed class StrictFormsTests
{
    private const string File = "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF";

    [Theory]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"Model\"\r\n\r\ngpt-4o-transcribe")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"model[]\"\r\n\r\ngpt-4o-transcribe")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"response_format\"\r\n\r\njson",
        "Content-Disposition: form-data; name=\"response_format\"\r\n\r\ntext")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\" model\"\r\n\r\ngpt-4o-transcribe")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1",
        "Content-Disposition: form-data; name=\"x\"; name=\"model\"\r\n\r\ngpt-4o-transcribe")]
    [InlineData("Content-Disposition: form-data; name=\"model\"; name*=utf-8''prompt\r\n\r\nwhisper-1")]
    [InlineData("Content-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\nwhisper-1")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: base64\r\n\r\nd2hpc3Blci0x")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nwhisper-1")]
    [InlineData("Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"_charset_\"\r\n\r\nutf-7")]
    [InlineData("Content-Disposition: attachment; name=\"model\"\r\n\r\nwhisper-1")]
    [InlineData("Content-Disposition: form-data; name=\"prompt\"\r\n\r\nHi")]
    public async Task A_form_that_can_be_read_in_two_ways_is_refused_and_nothing_is_sent(params string[] parts)
    {
        await using var world = await DialectsWorld.StartAsync();
        using var content = Form([.. parts, File]);
        (await (await world.PostAsync("/v1/audio/transcriptions", content, DialectsChargeTests.KeyOf(""))).ErrorAsync(400)).GetProperty("error");
        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task Neither_json_nor_an_encoded_form_stands_in_for_a_form()
    {
        await using var world = await DialectsWorld.StartAsync();
        foreach (var type in (string[])["application/x-www-form-urlencoded", "application/json", "multipart/mixed; boundary=b"])
        {
            using var content = new ByteArrayContent("model=whisper-1&model=gpt-4o-transcribe"u8.ToArray());
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            (await (await world.PostAsync("/v1/audio/transcriptions", content, DialectsChargeTests.KeyOf(""))).ErrorAsync(400)).GetProperty("error");
        }

        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task A_key_limited_to_one_model_reaches_no_other_by_a_second_part()
    {
        await using var world = await DialectsWorld.StartAsync();
        await world.AddLimitedKeyAsync("tk-limited", "whisper-1");
        using var content = Form(
            "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1", "Content-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe", File);
        using var answer = await world.PostAsync("/v1/audio/transcriptions", content, "Authorization: Bearer tk-limited");
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Empty(world.Bill.Calls());
    }

    // Preamble, headers of the client's own, its boundary and its file name stay behind; the parts and their bytes do not.
    [Fact]
    public async Task What_the_provider_gets_is_a_form_of_our_own()
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync(
            "application/json", """{"created":1,"data":[{"b64_json":"eA=="}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}""", http =>
        {
            http.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
            using var reader = new StreamReader(http.Body, Encoding.Latin1);
            seen.Add($"{http.ContentType}\n{reader.ReadToEnd()}");
        });
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        using var content = Form(
            "Content-Disposition: form-data; name=\"prompt\"\r\nX-Mine: 1\r\n\r\nA cat", "Content-Disposition: form-data; name=\"model\"\r\n\r\ngpt-image-1",
            "Content-Disposition: form-data; name=\"image[]\"; filename=\"..\\\\a\\\"; name=\\\"model.png\"\r\nContent-Type: image/png\r\n\r\n\u00ff\u00001",
            "Content-Disposition: form-data; name=\"image[]\"; filename=\"b.png\"\r\n\r\n2");

        using var answer = await world.PostAsync("/v1/images/edits", content, DialectsChargeTests.KeyOf(""));

        Assert.True((int)answer.StatusCode == 200, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var form = Assert.Single(seen);
        Assert.StartsWith("multipart/form-data; boundary=tieout-", form, StringComparison.Ordinal);
        Assert.Contains("name=\"prompt\"\r\n\r\nA cat\r\n", form, StringComparison.Ordinal);
        Assert.Contains("\u00ff\u00001\r\n", form, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Mine", form, StringComparison.Ordinal);
        Assert.DoesNotContain("preamble", form, StringComparison.Ordinal);
        Assert.Equal(1, form.Split("name=\"model").Length - 1);
        Assert.Equal(2, form.Split("name=\"image[]\"").Length - 1);
    }

    private static ByteArrayContent Form(params string[] parts)
    {
        var content = new ByteArrayContent(Encoding.Latin1.GetBytes($"preamble\r\n{string.Concat(parts.Select(part => $"--b\r\n{part}\r\n"))}--b--\r\n"));
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        return content;
    }
}
