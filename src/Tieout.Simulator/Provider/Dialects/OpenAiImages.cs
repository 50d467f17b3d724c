using System.Globalization;
using System.Text;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI images: models named <c>gpt-image…</c> say tokens, all others are paid by the image and say nothing.</summary>
/// <param name="verb"><c>generations</c>, or <c>edits</c> or <c>variations</c>, which come as forms.</param>
internal sealed class OpenAiImages(string verb = "generations") : OpenAiDialect
{
    private const int ImagesMax = 10;

    /// <summary>A PNG of one white pixel.</summary>
    private static readonly byte[] Pixel = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==");

    public override string Endpoint { get; } = $"images/{verb}";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        if (Endpoint != "images/generations") return ReadForm(input);
        var root = JsonRequest.Root(input);
        JsonRequest.Expect(!root.Flag("stream"), "Streamed images are not simulated.", "stream");
        return new(root.Model(), Stream: false, UsageAsked: false, CompletionTokensMax: null, root.Required("prompt").TextBytes(isText: true))
        {
            Choices = root.Limit("n", ImagesMax) ?? 1,
            Format = root.Text("response_format"),
        };
    }

    public override SimulatedUsage Use(SimulatedUsage counted, SimulatedRequest request) =>
        (SaysTokens(request) ? base.Use(counted, request) : SimulatedUsage.None) with { Images = request.Choices };

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        json.WriteNumber("created"u8, answer.CreatedUnixSeconds);
        json.WriteStartArray("data"u8);
        for (var i = 0; i < answer.Request.Choices; i++)
        {
            json.WriteStartObject();
            if (SaysTokens(answer.Request) || answer.Request.Format == "b64_json") json.WriteBase64String("b64_json"u8, Pixel);
            else json.WriteString("url"u8, $"https://images.example/{answer.Id}/{i}.png");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (!SaysTokens(answer.Request)) return;
        json.WriteUsageOf(answer, (members, used) => members.WriteObject("usage", usage =>
        {
            usage.WriteNumber("total_tokens"u8, used.TotalTokens);
            usage.WriteNumber("input_tokens"u8, used.PromptTokens);
            usage.WriteNumber("output_tokens"u8, used.CompletionTokens);
            usage.WriteObject("input_tokens_details", details =>
            {
                details.WriteNumber("text_tokens"u8, used.PromptTokens);
                details.WriteNumber("image_tokens"u8, 0);
                if (used.CachedTokens > 0) details.WriteNumber("cached_tokens"u8, used.CachedTokens);
            });
        }));
    });

    private static SimulatedRequest ReadForm(SimulatedInput input)
    {
        var form = MultipartForm.Read(input);
        form.File("image");
        return new(form.Text("model") ?? "dall-e-2", Stream: false, UsageAsked: false, CompletionTokensMax: null,
            Encoding.UTF8.GetByteCount(form.Text("prompt") ?? ""))
        {
            Choices = form.Text("n") is { } n ? int.Parse(n, CultureInfo.InvariantCulture) : 1,
            Format = form.Text("response_format"),
        };
    }

    private static bool SaysTokens(SimulatedRequest request) => request.Model.StartsWith("gpt-image", StringComparison.Ordinal);
}
