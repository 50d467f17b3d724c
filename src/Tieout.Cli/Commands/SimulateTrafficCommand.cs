using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using Tieout.Cli.Output;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using Tieout.Simulator.Traffic;

namespace Tieout.Cli.Commands;

/// <summary><c>simulate-traffic</c>: nine days of usage with something planted in them, handed in to a running server.</summary>
internal static class SimulateTrafficCommand
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    public static Command Build(Globals globals)
    {
        var names = string.Join(", ", TrafficScenario.All.Select(scenario => scenario.Name));
        var scenario = new Argument<string>("SCENARIO") { Description = $"The cause to plant: {names}." };
        var seed = new Option<int>("--seed") { Description = "The same seed is the same traffic.", DefaultValueFactory = _ => 1 };
        var requests = new Option<int>("--requests") { Description = "Requests in an hour of a working day.", DefaultValueFactory = _ => 200 };
        return globals.Running(
            new("simulate-traffic", "Hand in nine days of generated usage with a planted cause, for tieout spike to find.") { scenario, seed, requests },
            async (call, cancellationToken) =>
        {
            var planted = TrafficScenario.All.FirstOrDefault(each => each.Name == call.Get(scenario))
                ?? throw new CommandFailedException(ExitCode.Usage, $"'{call.Get(scenario)}' is no scenario. There are: {names}.");
            if (call.Get(seed) < 0 || call.Get(requests) < 1)
            {
                throw new CommandFailedException(ExitCode.Usage, "--seed is 0 or more, and --requests is 1 or more.");
            }

            var of = TrafficCase.Draw(planted, (ulong)call.Get(seed), new() { RequestsPerHour = call.Get(requests) });

            // Whole weeks, so that hours of the day and weekends stay what they are.
            var later = TimeSpan.FromTicks((DateTimeOffset.UtcNow - of.End).Ticks / Week.Ticks * Week.Ticks);
            var prefix = string.Create(CultureInfo.InvariantCulture, $"{planted.Name}-{call.Get(seed)}-").Replace('_', '-');
            using var api = call.Client();
            var taken = await HandInAsync(api, of, later, prefix, cancellationToken);
            var end = (of.End + later).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("scenario", planted.Name);
                    json.WriteNumber("requests", taken);
                    json.WriteString("at", end);
                    json.WriteEndObject();
                })
                : $"{taken} requests of {of.Orgs.Count} orgs. Planted: {planted.Injection}. Now run: tieout spike --at {end}");
            return ExitCode.Ok;
        });
    }

    private static async Task<long> HandInAsync(ApiClient api, TrafficCase of, TimeSpan later, string prefix, CancellationToken cancellationToken)
    {
        var json = ApiClient.Json;
        foreach (var org in TrafficItems.Orgs(of, prefix))
        {
            await api.SendAsync(HttpMethod.Post, "orgs", new NewOrgBody(org, "USD", BillingMode.Postpaid), json.NewOrgBody, json.OrgBody, cancellationToken);
        }

        var prices = new ByteArrayContent(TrafficPriceFile.Of(of, later, prefix)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        await api.PostAsync("prices?format=tieout", prices, json.PriceListBody, cancellationToken);

        var taken = 0L;
        foreach (var items in TrafficItems.Of(of, later, prefix))
        {
            var content = new ByteArrayContent(items) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            var answer = await api.PostAsync("usage", content, json.IngestBody, cancellationToken);
            if (answer.Conflicts + answer.Refused + answer.Quarantined > 0)
            {
                throw new CommandFailedException(ExitCode.Findings, $"The server refused usage: {answer.Items[0].Code} {answer.Items[0].Detail}");
            }

            taken += answer.Accepted;
        }

        return taken;
    }
}
