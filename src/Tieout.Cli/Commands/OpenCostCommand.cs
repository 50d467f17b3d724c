using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Bills;

namespace Tieout.Cli.Commands;

/// <summary><c>opencost check FILE|URL</c></summary>
internal static class OpenCostCommand
{
    private const int BytesMax = 64 * 1024 * 1024;

    public static Command Build(Globals globals) => new("opencost", "Look at OpenCost's figures before anybody is charged by them.") { Check(globals) };

    private static Command Check(Globals globals)
    {
        var allocations = new Argument<string>("FILE|URL") { Description = "An answer of /allocation with its nodes, or a CSV export." };
        var cloud = new Option<string?>("--cloud-cost") { Description = "An answer of /cloudCost, to find rows that no allocation names.", HelpName = "FILE|URL" };
        return globals.Running(
            new("check", "Find nodes that are counted twice, and rows of the cloud's bill that nobody is allocated. Exit code 1: there are some.")
            {
                allocations, cloud,
            },
            async (call, cancellationToken) =>
        {
            await using var rows = await OpenAsync(call.Get(allocations), cancellationToken);
            await using var bill = call.Get(cloud) is { } place ? await OpenAsync(place, cancellationToken) : null;
            OpenCostReport report;
            try
            {
                report = await OpenCostCheck.ReadAsync(rows, bill, cancellationToken);
            }
            catch (ApiRefusedException e)
            {
                throw new CommandFailedException(ExitCode.Usage, e.Detail ?? e.Message, e.Error.Code, e);
            }

            await call.AnswerAsync(report, OpenCostJson.Default.OpenCostReport, WriteAsync);
            return report.IsClean ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    /// <summary>A file, or what answers under an address.</summary>
    public static async Task<Stream> OpenAsync(string place, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(place, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return InputFile.Open(place);
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1), MaxResponseContentBufferSize = BytesMax };
        try
        {
            return new MemoryStream(await client.GetByteArrayAsync(url, cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"{url.GetLeftPart(UriPartial.Path)} did not answer with its figures: {e.Message}", inner: e);
        }
    }

    private static async Task WriteAsync(OpenCostReport report, TextWriter text)
    {
        if (report.DoubledNodes.Count > 0)
        {
            var nodes = new TextTable("NODE AND WINDOW", "INSTANCE TYPE", ">ROWS", ">COST", ">ROWS WITHOUT TYPE", ">COST WITHOUT TYPE");
            foreach (var node in report.DoubledNodes)
            {
                nodes.Add(
                    node.Node, string.Join(' ', node.InstanceTypes), $"{node.Rows}", node.Cost.ToString(), $"{node.EmptyRows}", node.EmptyCost.ToString());
            }

            await nodes.WriteAsync(text);
            await text.WriteLineAsync("These nodes are there with and without an instance type. Leave out the rows without it: they count the node again.");
            await text.WriteLineAsync();
        }

        var tenants = new TextTable("TENANT", ">ALL ROWS", ">WITHOUT THE DOUBLED");
        foreach (var tenant in report.Tenants.Append(report.Total)) tenants.Add(tenant.Tenant ?? "nobody", tenant.Before.ToString(), tenant.After.ToString());
        await tenants.WriteAsync(text);
        if (report.CloudRows is not { } count) return;
        await text.WriteLineAsync();
        if (!report.HasProviderIds)
        {
            await text.WriteLineAsync("No allocation names a provider id, so no row of the bill can be joined. Ask OpenCost for aggregate=node.");
        }

        await WriteAsync(report.Unjoined, count, text);
    }

    private static async Task WriteAsync(IReadOnlyList<UnjoinedCost> unjoined, int count, TextWriter text)
    {
        const int shown = 20;
        await text.WriteLineAsync($"{unjoined.Count} of {count} rows of the cloud's bill join no allocation.");
        if (unjoined.Count == 0) return;
        var table = new TextTable("PROVIDER ID", "SERVICE", "CATEGORY", ">NET COST", ">OF THE CLUSTER");
        foreach (var row in unjoined.Take(shown))
        {
            table.Add(row.ProviderId ?? "none", row.Service ?? "", row.Category ?? "", row.Cost.ToString(), row.KubernetesCost.ToString());
        }

        await table.WriteAsync(text);
        if (unjoined.Count > shown) await text.WriteLineAsync($"And {unjoined.Count - shown} more: --json shows all.");
    }
}
