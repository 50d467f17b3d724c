using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Usage as JSON Lines: one object a line, the same as the items of a page.</summary>
internal sealed class UsageJsonLines(IUsageReader usage) : IUsageExport
{
    /// <summary>A row is some 400 bytes: send about every 100 KB.</summary>
    private const int RowsPerFlush = 256;

    public string Format => "jsonl";

    public async Task WriteAsync(HttpContext context, OrgState org, UsageFilter filter)
    {
        var viewer = Caller.Of(context).Viewer;
        context.Response.ContentType = "application/jsonl; charset=utf-8";
        await using var chunk = new MemoryStream();
        var count = 0;
        await foreach (var row in usage.UsageAsync(filter, context.RequestAborted))
        {
            await JsonSerializer.SerializeAsync(chunk, UsageLine.From(row, viewer), MeteringJson.Default.UsageLine, context.RequestAborted);
            chunk.WriteByte((byte)'\n');
            if (++count % RowsPerFlush != 0) continue;
            await context.Response.Body.WriteAsync(chunk.GetBuffer().AsMemory(0, (int)chunk.Length), context.RequestAborted);
            chunk.SetLength(0);
        }

        await context.Response.Body.WriteAsync(chunk.GetBuffer().AsMemory(0, (int)chunk.Length), context.RequestAborted);
    }
}
