using System.Text.Json.Serialization;
using Tieout.Core.Invoicing.Focus;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Checks a file of FOCUS rows against the rules that the specification publishes, row by row.</summary>
public static class FocusFile
{
    /// <param name="file">CSV, with or without a byte order mark.</param>
    /// <param name="supports">Criteria that hold for the provider beside those that the columns show.</param>
    /// <exception cref="ApiRefusedException">The file is not CSV.</exception>
    public static async Task<FocusReport> CheckAsync(Stream file, IReadOnlyList<string> supports, CancellationToken cancellationToken)
    {
        FocusConformance? check = null;
        await CsvRows.ReadAllAsync(
            file, columns => check = new FocusConformance(columns, supports), (cells, line) => check!.Check(cells, line), cancellationToken);
        return check!.Report();
    }
}

/// <summary>The JSON of the report: snake_case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FocusReport))]
public sealed partial class FocusReportJson : JsonSerializerContext;
