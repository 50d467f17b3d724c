using System.Net;
using System.Text;
using System.Text.Json;
using Tieout.Server.Tests.Errors;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary><c>POST /api/v1/events</c>: CloudEvents, alone, in batches and in binary mode; OpenMeter's shape.</summary>
public sealed class EventTests(ErrorTests.Shared shared) : IClassFixture<ErrorTests.Shared>
{
    private const string Data = """{"model":"gpt-4o","input_tokens":"100","output_tokens":20,"their_own":{"x":[1]}}""";

    private static string Event(
        string id, string data = Data, string type = "ai.usage.attempt.v1", string subject = "acme", string source = "service-0", string more = "") =>
        $$"""{"specversion":"1.0","id":"{{id}}","source":"{{source}}","type":"{{type}}","subject":"{{subject}}","time":"{{Sending.At}}","datacontenttype":"application/json","data":{{data}}{{more}}}""";

    private static string OpenMeter(string id, string data, string subject = "acme") => Event(id, data, "prompt", subject);

    [Fact]
    public async Task One_event_and_a_batch_are_charged_once_by_source_and_id()
    {
        await using var world = await ApiWorld.StartAsync();

        Assert.Equal((1, 0, 0, 0),
            (await world.EventsAsync(Event("a", more: ""","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","theirext":7"""))).Counts);
        var batch =
            await world.EventsAsync($"[{Event("b")},{Event("a", source: "service-1")},{Event("b")},{Event("a", """{"model":"gpt-4o","input_tokens":1}""")}]");

        Assert.Equal((2, 1, 1, 0), batch.Counts);
        Assert.Equal(3, batch.Items[1].GetProperty("index").GetInt32());
        Assert.Equal("conflict", batch.Items[1].GetProperty("status").GetString());
        Assert.Equal(3 * 0.00045m, await world.SpentAsync());
        Assert.Equal((0, 0, 0, 0), (await world.EventsAsync("[]")).Counts);
    }

    [Fact]
    public async Task An_event_alone_that_is_refused_is_a_problem_with_its_own_status()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.EventsAsync(Event("a"));
        using (var response = await world.SendAsync("/api/v1/events", Event("a", """{"model":"gpt-4o","input_tokens":1}""")))
        {
            Assert.Equal("id_reused", await ApiWorld.CodeAsync(response, HttpStatusCode.Conflict));
        }

        using (var response = await world.SendAsync("/api/v1/events", Event("b", subject: "nobody")))
        {
            Assert.Equal("org_not_found", await ApiWorld.CodeAsync(response, HttpStatusCode.NotFound));
        }

        Assert.Equal((0, 1, 0, 0), (await world.EventsAsync(Event("a"))).Counts);
    }

    [Theory]
    [InlineData("""{"tokens":"100","model":"gpt-4o"}""", 100, 0)]
    [InlineData("""{"tokens":100,"model":"gpt-4o","type":"input"}""", 100, 0)]
    [InlineData("""{"tokens":"100","model":"gpt-4o","type":"output"}""", 0, 100)]
    [InlineData("""{"tokens":"100","model":"gpt-4o","type":"completion"}""", 0, 100)]
    [InlineData("""{"prompt_tokens":"100","completion_tokens":"7","total_tokens":"107","model":"gpt-4o"}""", 100, 7)]
    [InlineData("""{"input_tokens":"100","output_tokens":"7","model":"gpt-4o"}""", 100, 7)]
    public async Task OpenMeters_shape_is_read_with_numbers_as_text(string data, long input, long output)
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal((1, 0, 0, 0), (await world.EventsAsync(OpenMeter("a", data))).Counts);
        var row = Assert.Single(await world.RowsAsync());
        Assert.Equal((input, output), (row.GetProperty("input_tokens").GetInt64(), row.GetProperty("output_tokens").GetInt64()));
    }

    [Fact]
    public async Task The_subject_is_the_org_unless_the_org_is_known_already_and_then_it_is_the_user()
    {
        await using var world = await ApiWorld.StartAsync();
        var (_, key) = await world.KeyAsync();

        Assert.Equal((1, 0, 0, 0), (await world.EventsAsync(OpenMeter("a", """{"tokens":"1","model":"gpt-4o"}"""))).Counts);
        Assert.Equal((1, 0, 0, 0), (await world.EventsAsync(OpenMeter("b", """{"tokens":"1","model":"gpt-4o","org":"acme"}""", "customer-1"))).Counts);
        Assert.Equal((2, 0, 0, 0),
            (await world.EventsAsync(
                $"[{OpenMeter("c", """{"tokens":"1","model":"gpt-4o"}""", "customer-2")},{OpenMeter("d", """{"tokens":"1","model":"gpt-4o"}""")}]",
                key)).Counts);

        // Our own type says whom it is for, whoever sends it.
        var foreign = await world.EventsAsync($"[{Event("e", subject: "other")},{Event("f")}]", key);
        Assert.Equal((1, 0, 0, 1), foreign.Counts);
        Assert.Equal("org_not_found", foreign.Code());
        Assert.Equal(new string?[] { null, "customer-1", "customer-2", null, null },
            (await world.RowsAsync()).Select(row => row.TryGetProperty("user_id", out var user) ? user.GetString() : null));
    }

    [Fact]
    public async Task Binary_mode_has_its_attributes_in_headers()
    {
        await using var world = await ApiWorld.StartAsync();
        string[] headers = ["ce-specversion:1.0", "ce-id:a", "ce-source:/service%200", "ce-type:ai.usage.attempt.v1", "ce-subject:acme",
            $"ce-time:{Sending.At}"];
        using (var response = await world.SendAsync("/api/v1/events", Encoding.UTF8.GetBytes(Data), headers: headers))
        {
            Assert.Equal((1, 0, 0, 0), (await Taken.ReadAsync(response)).Counts);
        }

        // The same event, written the other way.
        Assert.Equal((0, 1, 0, 0), (await world.EventsAsync(Event("a", source: "/service 0"))).Counts);
        using (var response = await world.SendAsync("/api/v1/events", Encoding.UTF8.GetBytes(Data), headers: headers[..^1]))
        {
            Assert.Equal("item_invalid", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        }

        using (var response = await world.SendAsync("/api/v1/events", "[]"u8.ToArray(), headers: headers))
        {
            Assert.Equal("body_malformed", await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        }
    }

    [Fact]
    public async Task Data_may_be_base64_of_json()
    {
        await using var world = await ApiWorld.StartAsync();
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(Data));
        Assert.Equal(
            (1, 0, 0, 0), (await world.EventsAsync(Event("a").Replace($"\"data\":{Data}", $"\"data_base64\":\"{encoded}\"", StringComparison.Ordinal))).Counts);
        Assert.Equal((0, 1, 0, 0), (await world.EventsAsync(Event("a"))).Counts);
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "specversion", "\"0.3\"", "item_invalid" }, { "specversion", "null", "item_invalid" }, { "id", "null", "item_invalid" },
        { "id", "\"\"", "item_invalid" }, { "id", "7", "item_invalid" },
        { "source", "null", "item_invalid" }, { "source", "\"\"", "item_invalid" }, { "type", "\"order.created\"", "item_invalid" },
        { "type", "null", "item_invalid" },
        { "time", "null", "item_invalid" }, { "time", "\"yesterday\"", "item_invalid" }, { "time", "\"2026-11-20T08:00:00\"", "item_invalid" },
        { "time", "\"9998-11-20T08:00:00Z\"", "occurred_in_future" },
        { "subject", "\"nobody\"", "org_not_found" }, { "subject", "null", "org_not_found" }, { "datacontenttype", "\"text/xml\"", "item_invalid" },
        { "data", "null", "usage_missing" }, { "data", "{}", "usage_missing" }, { "data", "\"{}\"", "item_invalid" }, { "data", "[]", "item_invalid" },
        { "data", """{"model":"no-such-model","input_tokens":1}""", "model_not_priced" },
        { "data", """{"model":"gpt-4o","input_tokens":"many"}""", "item_invalid" },
        { "data", """{"model":"gpt-4o","org":"other","input_tokens":"1"}""", "item_invalid" }, { "data_base64", "\"e30=\"", "item_invalid" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_no_usage_event_is_refused_by_itself_and_the_others_stand(string member, string value, string code)
    {
        var unique = Guid.NewGuid().ToString();
        var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Event(unique + "-2"))!;
        members[member] = JsonDocument.Parse(value).RootElement;

        var taken = await shared.World.EventsAsync($"[{Event(unique + "-1")},{JsonSerializer.Serialize(members)},{Event(unique + "-3")}]");

        Assert.Equal((2, 0, 0, 1), taken.Counts);
        Assert.Equal(1, taken.Items[0].GetProperty("index").GetInt32());
        Assert.Equal(code, taken.Code());
    }
}
