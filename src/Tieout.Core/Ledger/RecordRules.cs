using System.Text.Json;
using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Appends what happened, and announces it as the command says.</summary>
internal static class RecordRules
{
    /// <summary>The same content as the newest record of the name is a replay (L3).</summary>
    public static Outcome Add(Draft draft, Command.AddRecord command)
    {
        var before = draft.Record(command.Key);
        if (before is not null && string.Equals(before.Body, command.Body, StringComparison.Ordinal)) return new Outcome.Replayed(before.Seq, Figures.None);
        if (before is not null && command.Once) return Refuse(Refusal.IdReused);
        if (command.Replaces is { } read && (before?.Seq ?? 0) != read) return Refuse(Refusal.RecordChanged);

        // What stays was listed without what the correction names.
        if (command.Kind is RecordKind.Detachment && draft.LastCorrection > Detachment.Parse(command.Body).Listed) return Refuse(Refusal.RecordChanged);
        if (!Names.IsValid(command.Name)) return Refuse(Refusal.NameInvalid, "name");
        if (command.Org.Length > 0 && draft.Org(command.Org) is null) return Refuse(Refusal.OrgNotFound);

        var seq = draft.Add(command.Key, command.Body);
        if (command.Announcement is { } announcement) Announce(draft, command, announcement, before, seq);
        return new Outcome.Done(seq, Figures.None);
    }

    private static void Announce(Draft draft, Command.AddRecord command, RecordAnnouncement announcement, RecordRow? before, long seq)
    {
        if (announcement.OnChangeOf is { } member && before is not null && Value(member, before.Body) == Value(member, command.Body)) return;
        if (announcement.Finding is { } finding) draft.AddFinding(finding.Code, command.Org, attempt: null, finding.Detail ?? command.Body);
        if (announcement.Message is { } message)
        {
            draft.Tell(command.Once ? message.Id : $"{message.Id}/{seq}", command.Org, message.Type, message.Body ?? command.Body);
        }
    }

    private static string? Value(string member, string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty(member, out var value) ? value.GetRawText() : null;
    }
}
