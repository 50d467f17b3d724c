using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Messages that somebody other than a rule of the ledger has to tell.</summary>
internal static class OutboxRules
{
    public static Outcome Announce(Draft draft, Command.Announce command)
    {
        if (draft.Announced(command.Org, command.Id) is { } known)
        {
            var field = string.Equals(known.Type, command.Type, StringComparison.Ordinal) ? Conflicts.Of(known.Body, command.Body) : "type";
            return field is null ? new Outcome.Replayed(known.Seq, Figures.None) : Refuse(Refusal.IdReused, field);
        }

        if (!Names.IsValid(command.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (!Names.IsValid(command.Type)) return Refuse(Refusal.NameInvalid, "type");
        if (!Details.IsObject(command.Body)) return Refuse(Refusal.NameInvalid, "body");
        if (command.Org.Length > 0 && draft.Org(command.Org) is null) return Refuse(Refusal.OrgNotFound);
        return new Outcome.Done(draft.Tell(command.Id, command.Org, command.Type, command.Body), Figures.None);
    }
}
