using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Metering;

/// <summary>A form that usage is exported in. Slices that come after metering add theirs.</summary>
internal interface IUsageExport
{
    /// <summary>As <c>?format=</c> names it.</summary>
    string Format { get; }

    /// <summary>Writes every row of the filter as the answer, in pieces: no export is ever whole in memory. Its charges sum to what the ledger
    /// posted.</summary>
    Task WriteAsync(HttpContext context, UsageRequest request);
}
