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

    /// <summary>The org that a command is about; null: it names an attempt only.</summary>
    public static string? OrgOf(Command command) => command switch
    {
        Command.PlaceHold hold => hold.Labels.Org,
        Command.Settle settle => settle.Usage.Usage.Labels.Org,
        Command.Charge charge => charge.Usage.Usage.Labels.Org,
        Command.TopUp topUp => topUp.Org,
        Command.Grant grant => grant.Org,
        Command.ExpireGrant expire => expire.Org,
        Command.ChargeRecorded charge => charge.Org,
        Command.Correct correct => correct.Org,
        Command.Recharge recharge => recharge.Org,
        Command.RecordHop hop => hop.Org,
        Command.KeepObject keep => keep.Object.Org,
        Command.EndObject end => end.Org,
        Command.OpenOrg open => open.Org.Id,
        Command.SetBudget set => set.Budget.Scope.Org,
        Command.ClosePeriod close => close.Org,
        Command.Record record => record.Org,
        Command.Announce announce => announce.Org,
        _ => null,
    };

    /// <summary>The attempt that a command names without its org.</summary>
    /// <exception cref="ArgumentException">It names neither.</exception>
    public static Core.Metering.AttemptId AttemptOf(Command command) => command switch
    {
        Command.Release release => release.Id,
        Command.ExpireHold expire => expire.Id,
        _ => throw new ArgumentException($"{command} names neither an org nor an attempt.", nameof(command)),
    };
}
