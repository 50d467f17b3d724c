using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The derived file of a data folder while it can be used: one connection that writes, for the follower, and those that read. The ledger never waits
/// for it, and works without it.</summary>
internal sealed class DerivedStore(string folder) : IDisposable
{
    private DerivedFile? _file;
    private volatile ReadConnections? _reads;
    private volatile bool _isDoubted;

    /// <summary>A reader met something that it could not read.</summary>
    public void Doubt() => _isDoubted = true;

    /// <summary>Reads the ledger as of one commit, with what is stored of it; without a file that can be read, from the ledger's rows alone.</summary>
    public T Read<T>(ReadConnections ledger, Func<Followed, RawConnection, T> read, CancellationToken cancellationToken)
    {
        T InLedger(SqliteTables? derived)
        {
            var position = FollowerPosition.Read(derived);
            return ledger.Read(cancellationToken, connection => read(new(position, derived, new SqliteTables(connection)), connection));
        }

        if (_reads is not { } reads) return InLedger(null);
        try
        {
            // The derived file first: the ledger is then never behind what was counted of it.
            return reads.Read(cancellationToken, derived => InLedger(new(derived)));
        }
        catch (Exception failure) when (failure is StoreCorruptException or StoreUnavailableException)
        {
            Doubt();
            return InLedger(null);
        }
    }

    /// <summary>The file, opened unless it is open. A file in doubt is checked first, and made anew if it is damaged or gone.</summary>
    /// <exception cref="StoreUnavailableException">It can neither be opened nor made, as on a full disk.</exception>
    public DerivedFile Open()
    {
        if (_file is not null && (_isDoubted || !File.Exists(DerivedFile.In(folder))) && !DerivedFile.IsSound(folder))
        {
            Dispose();
            DerivedFile.Delete(folder);
        }

        _isDoubted = false;
        if (_file is not null) return _file;
        _file = DerivedFile.Open(folder);
        _reads = new(DerivedFile.In(folder));
        return _file;
    }

    public void Dispose()
    {
        _reads?.Dispose();
        _file?.Dispose();
        (_reads, _file) = (null, null);
    }
}
