namespace Tieout.Storage.Sqlite.Reading;

/// <summary>The hash chain, for proofs.</summary>
internal sealed partial class SqliteReader
{
    public Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken) => Task.FromResult(_connections.Read(connection =>
    {
        using var s = connection.Prepare("SELECT last_posting, hash FROM chain WHERE commit_no = ?");
        var (low, high) = (1L, connection.ReadInt64("SELECT coalesce(max(commit_no), 0) FROM chain"));
        CommitLink? found = null;
        while (low <= high)
        {
            var middle = low + (high - low) / 2;
            s.Bind(1, middle);
            if (!s.Step()) throw new StoreCorruptException($"Commit {middle} is missing from the chain.");
            if (s.Int64(0) >= posting) (found, high) = (new(middle, s.Bytes(1).ToArray()), middle - 1);
            else low = middle + 1;
            s.Reset();
        }

        return found ?? throw new ArgumentOutOfRangeException(nameof(posting), posting, "No commit has this posting yet.");
    }));
}
