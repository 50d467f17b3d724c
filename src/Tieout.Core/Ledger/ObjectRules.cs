using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>What providers keep for orgs. No money moves by it, so nothing but its form can refuse it.</summary>
internal static class ObjectRules
{
    public static Outcome Keep(Draft draft, Command.KeepObject command)
    {
        var asked = command.Object;
        if (draft.Object(asked.Org, asked.Kind, asked.Id) is { } known)
        {
            return Conflicts.Of(known.Object, asked) is { } field ? Refuse(Refusal.IdReused, field) : new Outcome.Replayed(known.Row.Seq, Figures.None);
        }

        if (!ProviderObject.IsValidId(asked.Id)) return Refuse(Refusal.NameInvalid, "id");
        if (!Names.IsValid(asked.Key)) return Refuse(Refusal.NameInvalid, "key");
        if (draft.Org(asked.Org) is null) return Refuse(Refusal.OrgNotFound);
        return new Outcome.Done(draft.Add(asked), Figures.None);
    }

    public static Outcome End(Draft draft, Command.EndObject command)
    {
        if (draft.Object(command.Org, command.Kind, command.Id) is not { } known) return Refuse(Refusal.ObjectNotFound);
        if (known.End is { } end)
        {
            return Conflicts.Of(end.Body, command.Body) is { } field ? Refuse(Refusal.IdReused, field) : new Outcome.Replayed(known.Row.Seq, Figures.None);
        }

        draft.End(known, command.Body);
        return new Outcome.Done(known.Row.Seq, Figures.None);
    }
}
