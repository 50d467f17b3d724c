using System.Diagnostics;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;

namespace Tieout.Server.Http;

/// <summary>From what the ledger decided to what the API answers.</summary>
internal static class Refusals
{
    private const string NameForm = "1 to 128 of A–Z a–z 0–9 _ . : @ / + -, starting with a letter or digit";

    /// <summary>Whether the command was carried out now (true) or earlier (false), with its number and figures.</summary>
    /// <exception cref="ApiRefusedException">It was refused.</exception>
    public static (bool IsNew, long Seq, Figures Figures) OrThrow(this Outcome outcome) => outcome switch
    {
        Outcome.Done done => (true, done.Seq, done.Figures),
        Outcome.Replayed replayed => (false, replayed.Seq, replayed.Figures),
        Outcome.Proposed proposed => throw new ProposedException(proposed),
        Outcome.Refused refused => throw new ApiRefusedException(refused.Reason.Error, Detail(refused)),
        _ => throw new UnreachableException($"No answer for {outcome}."),
    };

    private static string? Detail(Outcome.Refused refused) => refused.Reason switch
    {
        Refusal.IdReused => $"The field '{refused.Limit}' differs from what is recorded under this id. Send the recorded content, or use another id.",
        Refusal.RowsArchived =>
            $"Nothing can be decided on rows that are in the archive {refused.Limit}. Look there; to give money back, use a credit note or a top-up.",
        Refusal.NameInvalid => NameFlaw(refused.Limit),
        Refusal.AmountNotPositive => "The amount must be more than zero.",
        Refusal.AmountTooLarge => "The amount is larger than one command may move.",
        Refusal.SumTooLarge => "The sums of the account would be too large with this amount.",
        Refusal.AdjustmentsFrozen => "See why and since when with 'tieout org show ORG'. Lift the freeze with 'tieout unfreeze ORG --reason WHY'.",
        Refusal.ReasonNeeded => "A second person must approve this amount: send a reason for them to read.",
        Refusal.ProposalClosed => $"{refused.Limit} decided this proposal before. Propose the action again under another id.",
        Refusal.ProposalOwn => "Another person must approve it, with a token of their own. Tokens with the same name belong to the same person.",
        Refusal.ProposalDiffers => "Read the proposal again, and send the hash that it shows.",
        Refusal.ProposalExpired => "Propose the action again under another id.",
        Refusal.BudgetInvalid => $"{refused.Limit} is not valid: {BudgetFlaw(refused.Limit)}.",
        Refusal.AlreadyExpired => "The expiry is in the past. Send a later time, or leave it out.",
        Refusal.PeriodNotOver => $"{refused.Limit} is not over yet.",
        Refusal.InsufficientBalance => $"The balance has {refused.Left} left.",
        Refusal.BudgetExhausted => $"The budget {refused.Limit} has {refused.Left} left.",
        Refusal.CommandQuarantined => $"The command is recorded in quarantine as {refused.Limit}. Give that id to the operator of this platform.",
        _ => refused.LimitDetail,
    };

    private static string NameFlaw(string? part) => part switch
    {
        "asset" => "The asset is not valid: use 3 to 12 capital letters or digits, for example USD.",
        "time_zone" => "The time zone is not valid: use an IANA name, for example Europe/Berlin.",
        "body" => "The body must be a JSON object.",
        "text" => "A text contains the character U+0000 or half of a surrogate pair. Remove it.",
        _ => $"The {Inputs.Shown(part ?? "name")} is not valid: use {NameForm}.",
    };

    private static string BudgetFlaw(string? part) => part switch
    {
        "thresholds" => "send ascending whole percentages from 1 to 1000, for example [50, 80, 100]",
        "time_zone" => "send an IANA time zone, and the same one that the budget has",
        "limit" => "a hard budget needs a limit",
        _ => $"use {NameForm}",
    };
}
