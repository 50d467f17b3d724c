using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Tests.Spike;

/// <summary>What step 2 costs a request while mitigations are in force. Bytes are counted; times are only printed.</summary>
public sealed class MitigationHotPathTests(ITestOutputHelper output)
{
    private const int Calls = 20_000;

    /// <summary>Bytes of a request. Whether a call's own objects are on the heap depends on how far the compiler is; one object for each of ten mitigations is
    /// five times as much.</summary>
    private const int Most = 48;

    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ten_mitigations_allocate_nothing_for_a_request()
    {
        using var routes = new Routes(TieoutYaml.Read("""
            providers: { openai: { base_url: "http://127.0.0.1:1" } }
            models: [ { name: gpt-4o, upstreams: [ { provider: openai, model: gpt-4o } ] } ]
            """, "t.yaml", _ => null));
        var without = Bytes(routes, [], out var none);
        Assert.InRange(Bytes(routes, Of("other"), out var others), 0, without + Most);

        // Ten that are about the request: counts of one caller are made once.
        Assert.InRange(Bytes(routes, Of("editor"), out var counted), 0, without + Most);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"us a request: {none:0.000} without, {others:0.000} with ten of other requests, {counted:0.000} with ten counts"));
    }

    private static ImmutableArray<StandingMitigation> Of(string feature) =>
    [
        .. Enumerable.Range(0, 10).Select(i => new StandingMitigation(new(
            $"m-{i}", "acme", MitigationKind.RateLimit, new(Feature: feature, User: MitigationScope.Each), new(Requests: 50_000, PeriodSeconds: 60), "ann", "r",
            Now.AddHours(1), 1, "admin", Now))),
    ];

    /// <returns>Bytes of a call, after the first thousand.</returns>
    private static long Bytes(Routes routes, ImmutableArray<StandingMitigation> standing, out double micros)
    {
        var gate = new MitigationGate(TimeProvider.System);
        var key = new ApiKey("key", "acme", null, null, null, "", Blocked: false, DateTimeOffset.UnixEpoch);
        var call = new GuardedCall(new Spender(key, []), KeyScope.Chat, ProviderDialect.OpenAi, new GatewayRequest { Model = "gpt-4o", Bytes = 0 }, routes)
        {
            Mitigations = standing,
            Asked = new("editor", null, "key", "gpt-4o", null, "ann"),
            Now = Now,
        };
        var (begun, at) = (0L, 0L);
        for (var i = 0; i < Calls; i++)
        {
            if (i == 1_000) (begun, at) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            if (Guardrails.Decide(call).IsRefused || gate.Count(call.Mitigations, call.Asked, call.Now).IsEnd) Assert.Fail("It was refused.");
        }

        micros = Stopwatch.GetElapsedTime(at).TotalMicroseconds / (Calls - 1_000);
        return (GC.GetAllocatedBytesForCurrentThread() - begun) / (Calls - 1_000);
    }
}
