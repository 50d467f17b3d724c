using System.Globalization;
using DuckDB.NET.Data;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>FOCUS as Parquet, read as an analyst reads it.</summary>
public sealed class FocusParquetTests
{
    // Goal: the Parquet file has the rows of the CSV file with types, and its costs sum to the ledger. Method: a reader of another maker (DuckDB) runs SQL over
    // the file of an org with a correction.
    [Theory]
    [InlineData("1.3")]
    [InlineData("1.5-draft")]
    public async Task I1_a_reader_of_another_maker_finds_the_rows_of_the_csv_with_types_and_the_sum_of_the_ledger(string profile)
    {
        await using var world = await ApiWorld.StartAsync();
        for (var i = 0; i < 30; i++) await world.ChargeAsync(i % 3 == 0 ? "0.123456789" : null, project: "web", operation: $"op-{i}");
        var posting = (await world.GetAsync("/trace/op-3")).GetProperty("steps")
            .EnumerateArray().First(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"new_amount":"3","reason":"too dear"}""");
        var csv = CsvText.Table((await world.RunAsync("usage", "acme", "--format", "focus", "--profile", profile)).Out).Rows;
        var file = Path.Combine(Path.GetTempPath(), $"tieout-focus-{Guid.NewGuid():N}.parquet");
        try
        {
            using (var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/usage?format=parquet&profile={profile}"))
            {
                await File.WriteAllBytesAsync(
                    file, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
            }

            await using var duck = new DuckDBConnection("DataSource=:memory:");
            await duck.OpenAsync(TestContext.Current.CancellationToken);
            object Value(string sql)
            {
                using var command = duck.CreateCommand();
                command.CommandText = $"{sql} FROM read_parquet('{file}')";
                return command.ExecuteScalar()!;
            }

            Assert.Equal(csv.Count, Convert.ToInt32(Value("SELECT count(*)"), CultureInfo.InvariantCulture));
            Assert.Equal(
                csv.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture)),
                decimal.Parse((string)Value("SELECT sum(BilledCost)::VARCHAR"), CultureInfo.InvariantCulture));
            Assert.Equal("DECIMAL(38,18)", Value("SELECT typeof(any_value(BilledCost))"));
            Assert.Equal("TIMESTAMP WITH TIME ZONE", Value("SELECT typeof(any_value(ChargePeriodStart))"));
            Assert.Equal(
                csv.Min(row => DateTimeOffset.Parse(row["ChargePeriodStart"], CultureInfo.InvariantCulture)).ToUnixTimeSeconds(),
                Convert.ToInt64(Value("SELECT epoch(min(ChargePeriodStart))::BIGINT"), CultureInfo.InvariantCulture));
            Assert.Equal(2L, Convert.ToInt64(Value("SELECT count(x_PostingId)"), CultureInfo.InvariantCulture));
            Assert.Equal(csv.Count, Convert.ToInt32(Value("SELECT count(*) FILTER (ChargeClass IS NULL)"), CultureInfo.InvariantCulture));
            Assert.Equal(
                csv.Select(row => row["SkuMeter"]).Distinct().Order(StringComparer.Ordinal),
                ((string)Value("SELECT string_agg(DISTINCT SkuMeter, '|' ORDER BY SkuMeter)")).Split('|'));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
