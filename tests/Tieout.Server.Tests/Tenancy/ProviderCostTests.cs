using System.Globalization;
using System.Text;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>A tenant's key never sees what a provider takes, nor what the platform keeps.</summary>
public sealed class ProviderCostTests
{
    private const string Cost = "2.718281828";
    private const string Charge = "3.141592653";
    private const string Margin = "0.423310825";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static DateTime LastMonth => DateTime.UtcNow.AddDays(-DateTime.UtcNow.Day);

    // Goal: no figure of the provider on any door that a tenant may read. Method: one record with a cost and a charge that nothing else is,
    // with an invoice, a correction and a finding; every tenant-readable route is asked under every id that the record is known by.
    [Fact]
    public async Task No_route_that_a_tenant_reads_shows_the_cost_or_the_margin_of_a_record()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await SeedAsync(world);
        var (_, key) = await world.KeyAsync();
        var routes = MappedRoute.Of(world.Server)
            .Where(route => route.Method == "GET" && route.Access.AllowsTenants && route.Pattern.StartsWith("/api/", StringComparison.Ordinal)).ToList();
        Assert.True(routes.Count >= 14, $"{routes.Count} routes");
        var (shown, charged) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var route in routes)
        {
            foreach (var address in Addresses(route, usage))
            {
                var text = await ReadAsync(world, address, key);
                foreach (var secret in (string[])[Cost, Margin, "provider_cost", "provider cost", "ProviderCost", "markup"])
                {
                    if (text.Contains(secret, StringComparison.OrdinalIgnoreCase)) shown.Add($"{address}: {secret}");
                }

                if (text.Contains(Charge, StringComparison.Ordinal)) charged.Add(route.Pattern);
            }
        }

        Assert.Empty(shown);

        // The walk reaches the record: the charge is the tenant's to see, on every kind of page.
        foreach (var reached in (string[])["usage", "operations/{**id}", "trace/{**id}", "invoices/{month}", "documents/{number}", "spend"])
        {
            Assert.Contains($"/api/v1/orgs/{{org}}/{reached}", charged);
        }

        Assert.Contains("/api/v1/operations/{**id}", charged);
        Assert.Contains("/api/v1/trace/{**id}", charged);
    }

    // The other side of the promise, without which the test above could pass on a server that shows the cost to nobody.
    [Fact]
    public async Task The_platform_sees_the_cost_where_it_looks()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await SeedAsync(world);
        foreach (var path in (string[])["usage", "usage?format=csv", "usage?format=jsonl", "usage?format=focus", "operations/op-seed", $"trace/{usage}"])
        {
            Assert.Contains(Cost, await ReadAsync(world, $"/api/v1/orgs/acme/{path}", ApiWorld.Admin), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_tenants_csv_has_as_many_cells_in_every_row_as_its_heading()
    {
        await using var world = await ApiWorld.StartAsync();
        await SeedAsync(world);
        var (_, key) = await world.KeyAsync();
        foreach (var format in (string[])["csv", "focus"])
        {
            var lines = (await ReadAsync(world, $"/api/v1/orgs/acme/usage?format={format}", key)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .SkipWhile(line => !line.StartsWith("usage_id,", StringComparison.Ordinal) && !line.StartsWith("AllocatedMethodDetails,", StringComparison.Ordinal))
                .ToList();
            Assert.True(lines.Count >= 2, format);
            Assert.All(lines, line => Assert.Equal(Cells(lines[0]), Cells(line)));
        }
    }

    private static int Cells(string line)
    {
        var (cells, quoted) = (1, false);
        foreach (var c in line)
        {
            if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted) cells++;
        }

        return cells;
    }

    private static async Task<string> SeedAsync(ApiWorld world)
    {
        var at = LastMonth.ToString("yyyy-MM-dd'T'08:00:00'Z'", CultureInfo.InvariantCulture);
        var item = $$"""{"id":"seed","occurred_at":"{{at}}","org":"acme","provider":"openai","model":"gpt-4o","operation_id":"op-seed","correlation_id":"corr-seed","input_tokens":100,"output_tokens":20,"provider_cost":"{{Cost}}","charge":"{{Charge}}"}""";
        var taken = await world.OkAsync(HttpMethod.Post, "/usage?items=all", $"[{item}]");
        var usage = taken.GetProperty("items")[0].GetProperty("usage_id").GetString()!;
        using var issued = await world.SendAsync(HttpMethod.Post, $"/orgs/acme/invoices/{LastMonth:yyyy-MM}/finalise");
        Assert.True(issued.IsSuccessStatusCode, await issued.Content.ReadAsStringAsync(Stop));
        return usage;
    }

    private static IEnumerable<string> Addresses(MappedRoute route, string usage)
    {
        var path = route.Pattern.Replace("{org}", "acme", StringComparison.Ordinal).Replace("{number}", "INV-000001", StringComparison.Ordinal)
            .Replace("{month}", LastMonth.ToString("yyyy-MM", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var id = path.Contains("{**id}", StringComparison.Ordinal) ? "{**id}" : "{id}";
        foreach (var known in path.Contains(id, StringComparison.Ordinal) ? new[] { "op-seed", "corr-seed", usage } : [""])
        {
            var address = path.Replace(id, known, StringComparison.Ordinal);
            yield return address;
            if (address.EndsWith("/spend", StringComparison.Ordinal))
            {
                foreach (var format in (string[])["csv", "json"]) yield return $"{address}?from=2020-01-01&format={format}";
            }

            if (!address.EndsWith("/usage", StringComparison.Ordinal)) continue;
            foreach (var format in (string[])["csv", "jsonl", "focus"]) yield return $"{address}?format={format}";
        }
    }

    /// <summary>Body and headers.</summary>
    private static async Task<string> ReadAsync(ApiWorld world, string address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new("Bearer", token);
        using var response = await world.Http.SendAsync(request, Stop);
        Assert.NotEqual(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
        return new StringBuilder(response.Headers.ToString()).Append(response.Content.Headers)
            .Append(await response.Content.ReadAsStringAsync(Stop)).ToString();
    }
}
