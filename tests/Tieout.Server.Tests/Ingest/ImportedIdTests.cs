using Tieout.Core.Metering;
using Tieout.Server.Ingest;

namespace Tieout.Server.Tests.Ingest;

public sealed class ImportedIdTests
{
    /// <summary>Pinned: an id that came out otherwise one day would let every replay count again.</summary>
    [Theory]
    [InlineData("acme", "usage", "a", "00a34df2-f0aa-84d0-aefc-0c4d78b85c55")]
    [InlineData("acme", "otlp", "5b8efff798038103d269b633813fc60c:eee19b7ec3c1b174", "00f971e6-b962-891b-8450-e893898b3dbd")]
    public void The_same_org_source_and_id_are_the_same_attempt_for_ever(string org, string source, string id, string attempt) =>
        Assert.Equal(attempt, ImportedId.Of(org, source, id).ToString());

    [Fact]
    public void It_is_of_version_8_and_sorts_before_every_id_made_by_time()
    {
        for (var i = 0; i < 1_000; i++)
        {
            var id = ImportedId.Of("acme", "s", $"{i}");
            Assert.Equal(8, id.Value.Version);
            Assert.True(id.CompareTo(new AttemptId(Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddYears(40)))) < 0);
        }
    }

    [Fact]
    public void Where_one_part_ends_and_the_next_begins_is_part_of_it()
    {
        AttemptId[] ids = [ImportedId.Of("a", "b", "cd"), ImportedId.Of("a", "bc", "d"), ImportedId.Of("ab", "c", "d"), ImportedId.Of("b", "a", "cd"),
            ImportedId.Of("a", "b", "cd "), ImportedId.Of("a", new string('b', 3_000), "cd")];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }
}
