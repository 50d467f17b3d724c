using System.Text;

namespace Tieout.Storage.Postgres;

/// <summary>Which bucket an org's rows lie in. Stored data depends on it: it never changes.</summary>
/// <param name="count">How many buckets orgs are spread over, as the database was laid out.</param>
internal sealed class Buckets(int count)
{
    /// <summary>Reads the layout of a database with <paramref name="heads"/> rows of heads. A number that contradicts them is damaged: rows must not be written
    /// by it.</summary>
    public static Buckets Of(int count, int heads)
    {
        if (count > 0 && new Buckets(count) is var layout && layout.All == heads) return layout;
        return new(heads <= 2 ? 1 : heads - 1)
        {
            Damage = $"Row 1 of table layout says {count} buckets, and table heads has {heads} rows. Run tieout verify, and restore a backup or repair the row.",
        };
    }

    /// <summary>Why nothing may be written, with the row; null: the layout is whole.</summary>
    public string? Damage { get; private init; }

    public const int Default = 64;

    /// <summary>For what belongs to no org: price lists, tokens, keys of envelopes. A database with one bucket keeps it there too.</summary>
    public int Platform => count == 1 ? 0 : count;

    /// <summary>All of them, the platform's own included.</summary>
    public int All => Platform + 1;

    /// <summary>FNV-1a over the UTF-8 bytes of the name, modulo the number of buckets.</summary>
    public int Of(string org)
    {
        if (org.Length == 0) return Platform;
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var value in Encoding.UTF8.GetBytes(org)) hash = unchecked((hash ^ value) * 1_099_511_628_211UL);
        return (int)(hash % (ulong)count);
    }
}
