using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary><c>opencost check</c>: what is wrong with a cluster's figures before a chargeback.</summary>
public sealed class OpenCostCheckTests
{
    private const string Allocations = """
        {"code":200,"data":[{
          "red/n1":{"properties":{"namespace":"red","node":"n1","providerID":"aws:///eu-1a/i-1","labels":{"instance_type":"p4d"}},"window":{"start":"2026-11-20T00:00:00Z","end":"2026-11-21T00:00:00Z"},"totalCost":10.5},
          "red/n1/":{"properties":{"namespace":"red","node":"n1"},"window":{"start":"2026-11-20T00:00:00Z","end":"2026-11-21T00:00:00Z"},"totalCost":4},
          "blue/n1":{"properties":{"namespace":"blue","node":"n1","labels":{"instance_type":"p4d"}},"window":{"start":"2026-11-21T00:00:00Z","end":"2026-11-22T00:00:00Z"},"totalCost":2},
          "blue/n2":{"properties":{"namespace":"blue","node":"n2"},"window":{"start":"2026-11-20T00:00:00Z","end":"2026-11-21T00:00:00Z"},"totalCost":3},
          "__idle__":{"properties":{},"window":{"start":"2026-11-20T00:00:00Z","end":"2026-11-21T00:00:00Z"},"totalCost":1}
        }]}
        """;

    private const string Bill = """
        {"code":200,"data":{"sets":[{"cloudCosts":{
          "a":{"properties":{"providerID":"i-1","service":"EC2","category":"Compute"},"netCost":{"cost":14.5,"kubernetesPercent":1}},
          "b":{"properties":{"providerID":"i-9","service":"EC2","category":"Compute"},"netCost":{"cost":8,"kubernetesPercent":0.5}},
          "c":{"properties":{"service":"S3"},"netCost":{"cost":3}}
        }}]}}
        """;

    [Fact]
    public async Task A_node_that_is_there_twice_and_rows_that_nobody_is_allocated_are_findings()
    {
        var run = await RunAsync(Allocations, Bill, "--json");
        Assert.Equal(1, run.ExitCode);
        var node = Assert.Single(run.Json.GetProperty("doubled_nodes").EnumerateArray());
        Assert.StartsWith("n1 ", node.GetProperty("node").GetString(), StringComparison.Ordinal);
        Assert.Equal(("10.5", "4"), (node.GetProperty("cost").GetString(), node.GetProperty("empty_cost").GetString()));

        // A node of which every row lacks the type stays; so does one that lacks it in another window.
        Assert.Equal(
            [(null, "1", "1"), ("blue", "5", "5"), ("red", "14.5", "10.5")],
            run.Json.GetProperty("tenants").EnumerateArray().Select(tenant => (
                tenant.GetProperty("tenant").GetString(), tenant.GetProperty("before").GetString()!, tenant.GetProperty("after").GetString()!)));
        Assert.Equal(
            [("i-9", "4"), (null, "0")],
            run.Json.GetProperty("unjoined").EnumerateArray().Select(row => (row.GetProperty("provider_id").GetString(), row.GetProperty("kubernetes_cost").GetString()!)));

        var text = (await RunAsync(Allocations, Bill)).Out;
        Assert.Contains("2 of 3 rows of the cloud's bill join no allocation.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clean_export_and_files_that_are_none()
    {
        Assert.Equal(0, (await RunAsync("Date,Namespace,TotalCost\n2026-11-20,red,1.5\n", null)).ExitCode);
        foreach (var (allocations, bill) in new[] { ("""{"code":500,"data":[]}""", null), ("rubbish", null), (Allocations, "[]"), (Allocations, """{"data":{"sets":[{"cloudCosts":{"a":{}}}]}}""") })
        {
            var run = await RunAsync(allocations, bill);
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith("tieout: ", run.Error, StringComparison.Ordinal);
            Assert.EndsWith("[file_invalid]", run.Error.TrimEnd(), StringComparison.Ordinal);
        }

        var gone = await CliRun.StartAsync(["opencost", "check", "http://127.0.0.1:1/allocation"], _ => null);
        Assert.Equal(3, gone.ExitCode);
    }

    private static async Task<CliRun> RunAsync(string allocations, string? bill, params string[] more)
    {
        var (file, cloud) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            await File.WriteAllTextAsync(file, allocations, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(cloud, bill ?? "", TestContext.Current.CancellationToken);
            return await CliRun.StartAsync(["opencost", "check", file, .. bill is null ? Array.Empty<string>() : ["--cloud-cost", cloud], .. more], _ => null);
        }
        finally
        {
            File.Delete(file);
            File.Delete(cloud);
        }
    }
}
