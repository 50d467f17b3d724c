using System.Text;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Postgres;

/// <summary>Which bucket an org's rows lie in. Stored data depends on it: it never changes.</summary>
/// <param name="count">How many buckets orgs are spread over, as the database was laid out.</param>
internal sealed class Buckets(int count)
{
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

    /// <summary>The attempt that a command names without its org.</summary>
    /// <exception cref="ArgumentException">It names neither.</exception>
    public static Core.Metering.AttemptId AttemptOf(Command command) => command switch
    {
        Command.Release release => release.Id,
        Command.ExpireHold expire => expire.Id,
        _ => throw new ArgumentException($"{command} names neither an org nor an attempt.", nameof(command)),
    };
}
