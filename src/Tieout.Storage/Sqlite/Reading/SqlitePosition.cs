using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>How far the image of the last commit has come.</summary>
internal sealed class SqlitePosition(LedgerWriter writer) : ILedgerPosition
{
    public long AsOf => writer.Pipeline.Read(image => image.AsOf);
}
