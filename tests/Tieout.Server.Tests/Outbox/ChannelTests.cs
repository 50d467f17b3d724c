using System.Text.Json;
using MimeKit;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Outbox.Channels;
using Tieout.Server.Tests.Http;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outbox;

/// <summary>Messages as Slack and e-mail take them: bounded, escaped, and delivered as the outbox does.</summary>
public sealed class ChannelTests
{
    private const string Nasty = "<!channel> <b onclick=\"x\">*bold* & \"quoted\" :smile: <https://evil.example|here>\r\nBcc: all@example.com";

    private static readonly Uri Public = new("https://tieout.example.com/");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Slack_gets_text_and_blocks_in_which_nothing_is_marked_up()
    {
        var row = Row("alert.rule", new() { ["rule"] = "hour", ["text"] = Nasty, ["feature"] = Nasty, ["value"] = 12.5, ["nested"] = new[] { 1 } });
        using var json = JsonDocument.Parse(SlackMessage.Body(Public, "evt_1", row));
        var texts = Texts(json.RootElement).ToList();
        Assert.All(texts, text => Assert.DoesNotContain(text, c => c is '<' or '>'));
        Assert.StartsWith("alert.rule of acme: &lt;!channel&gt; &lt;b", json.RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("value: 12.5", texts);
        Assert.Contains(texts, text => text.Contains("https://tieout.example.com/api/v1/orgs/acme/alert-rules/hour", StringComparison.Ordinal));
        foreach (var block in json.RootElement.GetProperty("blocks").EnumerateArray()) Assert.DoesNotContain("mrkdwn", block.GetRawText(), StringComparison.Ordinal);
    }

    // Slack refuses a header of more than 150 characters, a text of more than 3,000 and a section of more than ten fields. Every character grows to five, and
    // each is two code units.
    [Fact]
    public void Slack_gets_no_more_than_it_takes_however_long_a_message_is()
    {
        var body = Enumerable.Range(0, 50).ToDictionary(i => $"f{i}", object (_) => string.Concat(Enumerable.Repeat("&😀", 3_000)));
        body["text"] = string.Concat(Enumerable.Repeat("😀&", 5_000));
        var row = Row(new string('t', 1_000), body);
        using var json = JsonDocument.Parse(SlackMessage.Body(null, "evt_1", row));
        Assert.All(Texts(json.RootElement), text => Assert.InRange(text.Length, 1, 3_000));
        Assert.All(Texts(json.RootElement), text => Assert.DoesNotContain('\ufffd', text));
        foreach (var block in json.RootElement.GetProperty("blocks").EnumerateArray())
        {
            if (block.TryGetProperty("fields", out var fields)) Assert.InRange(fields.GetArrayLength(), 1, 10);
            if (block.GetProperty("type").GetString() == "header") Assert.InRange(block.GetProperty("text").GetProperty("text").GetString()!.Length, 1, 150);
        }
    }

    [Fact]
    public void A_mail_has_one_subject_line_one_receiver_and_escaped_html()
    {
        using var mail = MailText.Of(Public, "evt_1", Row("incident.opened", new() { ["incident"] = "INC-0001", ["text"] = Nasty }), "tieout@example.com", "ops@example.com");
        using var bytes = new MemoryStream();
        mail.WriteTo(bytes, Stop);
        bytes.Position = 0;
        using var read = MimeMessage.Load(bytes, Stop);
        Assert.Equal(("ops@example.com", 0), (read.To.ToString(), read.Bcc.Count));
        Assert.Equal("evt_1@example.com", read.MessageId);
        Assert.Contains("&lt;b onclick=&quot;x&quot;&gt;", read.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("<b onclick", read.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("<!channel>", read.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("*bold* & \"quoted\"", read.TextBody, StringComparison.Ordinal);
        Assert.InRange(read.Subject?.Length ?? 0, 1, 150);
    }

    // Goal: a mail goes over TLS with the login, the same message again after a failure, in order, and the password is nowhere in plain. Method: the whole way
    // from the ledger to a mail server that fails twice.
    [Fact]
    public async Task A_mail_goes_by_STARTTLS_and_is_tried_again_as_every_delivery()
    {
        var failures = 2;
        await using var server = new MailServer { Answer = () => failures-- > 0 ? "451 4.3.0 later" : "250 2.0.0 taken" };
        await using var world = await StartAsync(Smtp(server));
        await world.OkAsync(HttpMethod.Post, "/webhooks", """{"id":"mail","url":"mailto:ops@example.com","types":["alert.*"]}""");
        await TellAsync(world, "one");
        await TellAsync(world, "two");

        var taken = await server.WaitForAsync(2);

        Assert.Equal(2, taken.Count);
        Assert.All(taken, mail => Assert.Equal(("tieout secret-of-smtp", true), (mail.LogIn, mail.IsSecure)));
        Assert.All(taken, mail => Assert.Contains("<ops@example.com>", mail.To, StringComparison.Ordinal));
        Assert.Contains("one", taken[0].Data, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-smtp", server.Plain.ToString(), StringComparison.Ordinal);
        var first = (await world.Ledger.Deliveries.ListAsync(new(Endpoint: "mail"), Stop)).OrderBy(delivery => delivery.RecordedAt).First();
        Assert.Equal((DeliveryState.Delivered, 3, 250), (first.State, first.Attempts, first.Status));
        Assert.DoesNotContain(world.Ledger.Read.Settings, row => row.Body.Contains("secret-of-smtp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mail_server_without_STARTTLS_or_with_a_certificate_that_nobody_trusts_is_sent_no_password()
    {
        await using var plain = new MailServer { OffersTls = false };
        await using var strange = new MailServer();
        var row = Row("alert.rule", new() { ["text"] = "t" });
        foreach (var (server, error) in new[] { (plain, "STARTTLS"), (strange, "secure") })
        {
            var outcome = await new MailSender(new ServerOptions { Smtp = Smtp(server) }).SendAsync("ops@example.com", "evt_1", row, Stop);
            Assert.Contains(error, outcome.Error, StringComparison.Ordinal);
            Assert.Empty(server.Seen);
            Assert.DoesNotContain("AUTH PLAIN ", server.Plain.ToString(), StringComparison.Ordinal);
        }

        Assert.Contains("no connection", (await new MailSender(new ServerOptions { Smtp = Smtp(plain) with { Port = 1 } })
            .SendAsync("ops@example.com", "evt_1", row, Stop)).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-smtp", Smtp(plain).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slack_endpoints_get_their_form_and_what_is_no_endpoint_is_refused()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await StartAsync(smtp: null);
        await world.OkAsync(HttpMethod.Post, "/webhooks", $$"""{"id":"chat","url":"{{receiver.Url}}","format":"slack","types":["alert.*"]}""");
        await TellAsync(world, "one");
        using var body = JsonDocument.Parse(Assert.Single(await receiver.WaitForAsync(1)).Body);
        Assert.Equal(["text", "blocks"], body.RootElement.EnumerateObject().Select(member => member.Name));
        foreach (var refused in (string[])["""{"url":"mailto:ops@example.com"}""", $$"""{"url":"{{receiver.Url}}","format":"teams"}"""])
        {
            using var answer = await world.SendAsync(HttpMethod.Post, "/webhooks", refused);
            Assert.Equal("webhook_invalid", await ApiWorld.CodeAsync(answer, System.Net.HttpStatusCode.BadRequest));
        }
    }

    [Theory]
    [InlineData("ops@example.com", true)]
    [InlineData("ops@example.com,all@example.com", false)]
    [InlineData("Ops <ops@example.com>", false)]
    [InlineData("ops@example.com?bcc=all@example.com", false)]
    [InlineData("ops@example.com\r\nBcc: all@example.com", false)]
    [InlineData("ops", false)]
    public void A_mail_endpoint_is_one_address(string address, bool isValid) => Assert.Equal(isValid, MailAddress.IsValid(address));

    private static SmtpOptions Smtp(MailServer server) =>
        new("127.0.0.1", server.Port, "tieout@example.com", SmtpSecurity.StartTls, "tieout", "secret-of-smtp");

    private static Task<ApiWorld> StartAsync(SmtpOptions? smtp) => ApiWorld.StartAsync(options => options with
    {
        EnvelopeSecret = new("thirty-two bytes of a test secret"u8),
        Smtp = smtp,
        SmtpTrusts = (_, certificate, _, _) => certificate?.Subject == "CN=localhost",
        Webhooks = new()
        {
            AllowPrivate = true,
            AllowHttp = true,
            Backoff = TimeSpan.FromMilliseconds(10),
            BackoffMax = TimeSpan.FromMilliseconds(50),
        },
    });

    private static async Task TellAsync(ApiWorld world, string what) => Assert.IsType<Outcome.Done>(
        await world.Ledger.SubmitAsync(new Command.Announce($"alert/{what}", "acme", "alert.test", $$"""{"text":"{{what}}"}"""), Stop));

    private static OutboxRow Row(string type, Dictionary<string, object> body) =>
        new(1, "id", "acme", type, JsonSerializer.Serialize(body), new Instant(1_790_000_000_000_000), 0);

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.Name == "text" && member.Value.ValueKind is JsonValueKind.String ? [member.Value.GetString()!] : Texts(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        _ => [],
    };
}
