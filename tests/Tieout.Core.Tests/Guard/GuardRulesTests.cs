using Tieout.Core.Attribution;
using Tieout.Core.Guard;
using Tieout.Core.Tenancy;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Guard;

public sealed class GuardRulesTests
{
    private static readonly ApiKey Acme = new("key-acme", "acme", null, null, null, "", false, DateTimeOffset.UnixEpoch);
    private static readonly ApiKey Evil = Acme with { Id = "key-evil", Org = "evil" };
    private static readonly ApiKey Worker = Acme with { Id = "worker-7", Org = "platform", Worker = true, Tenants = ["acme"] };

    private static readonly GuardQuestion Question = new("volume.delete", new("volume", "vol-1", "acme"));
    private static readonly EnvelopeVerdict Valid = new EnvelopeVerdict.Valid(Issued, "ek_1");
    private static readonly EnvelopeVerdict Forged = new EnvelopeVerdict.Refused(EnvelopeRefusal.SignatureWrong);
    private static readonly EnvelopeVerdict Future = new EnvelopeVerdict.Refused(EnvelopeRefusal.VersionUnknown);
    private static readonly EnvelopeVerdict Expired = new EnvelopeVerdict.Expired(Issued, "ek_1");
    private static readonly EnvelopeVerdict Revoked = new EnvelopeVerdict.Revoked(Issued, "ek_1");

    // Every way in which an action may be asked for, and its answer in enforce mode.
    [Fact]
    public void G1_an_action_runs_only_with_an_envelope_that_is_bound_to_the_owner()
    {
        var table = new (string What, ApiKey? Key, EnvelopeVerdict? Verdict, string? Owner, bool IsUsed, string Answer)[]
        {
            ("the owner's key", Acme, Valid, "acme", false, "Allow Bound"),
            ("a worker for the owner", Worker, Valid, "acme", false, "Allow Bound"),
            ("the platform", null, Valid, "acme", false, "Allow Bound"),
            ("no envelope", Acme, null, "acme", false, "Block EnvelopeMissing"),
            ("no envelope, the platform", null, null, "acme", false, "Block EnvelopeMissing"),
            ("forged", Acme, Forged, "acme", false, "Block EnvelopeRefused"),
            ("of a future version", Acme, Future, "acme", false, "Block EnvelopeRefused"),
            ("expired", Acme, Expired, "acme", false, "Block EnvelopeExpired"),
            ("revoked, or its key is", Acme, Revoked, "acme", false, "Block EnvelopeRevoked"),
            ("nobody owns it", Acme, Valid, null, false, "Block OwnerMissing"),
            ("rebound: another org's resource", Acme, Valid, "evil", false, "Block OwnerOther"),
            ("rebound: the other org's key", Evil, Valid, "evil", false, "Block OwnerOther"),
            ("stolen: another org's key", Evil, Valid, "acme", false, "Block CallerForeign"),
            ("replayed", Acme, Valid, "acme", true, "Block AlreadyUsed"),
        };

        foreach (var row in table)
        {
            var answer = Decide(GuardMode.Enforce, row.Key, row.Verdict, row.Owner, row.IsUsed);
            Assert.Equal((row.What, row.Answer), (row.What, $"{answer.Outcome} {answer.Reason}"));

            // Shadow allows it and names the same reason; off asks nothing.
            var shadow = Decide(GuardMode.Shadow, row.Key, row.Verdict, row.Owner, row.IsUsed);
            Assert.Equal(
                (row.What, answer.Outcome is GuardOutcome.Block ? GuardOutcome.ShadowHit : GuardOutcome.Allow, answer.Reason),
                (row.What, shadow.Outcome, shadow.Reason));
            Assert.Equal(GuardOutcome.Allow, Decide(GuardMode.Off, row.Key, row.Verdict, row.Owner, row.IsUsed).Outcome);
        }
    }

    [Fact]
    public void G1_an_override_in_force_lets_it_run_but_never_a_key_that_may_not_act_for_the_owner()
    {
        var open = new GuardOverride("ov-1", "volume.*", "acme", null, "disk full", "tok-1", "jane", At(-10), At(10));
        var table = new (string What, GuardOverride Override, ApiKey? Key, EnvelopeVerdict? Verdict, string Answer)[]
        {
            ("in force", open, Acme, null, "Allow Overridden"),
            ("in force, forged", open, Acme, Forged, "Allow Overridden"),
            ("in force and not needed", open, Acme, Valid, "Allow Bound"),
            ("another org's key", open, Evil, null, "Block EnvelopeMissing"),
            ("another org's key with the owner's envelope", open, Evil, Valid, "Block CallerForeign"),
            ("over", open with { Until = At(0) }, Acme, null, "Block EnvelopeMissing"),
            ("ended", open with { EndedAt = At(-1) }, Acme, null, "Block EnvelopeMissing"),
            ("waiting for another person", open with { NeedsApproval = true }, Acme, null, "Block EnvelopeMissing"),
            ("approved by another person", open with { NeedsApproval = true, ApprovedBy = "tok-2" }, Acme, null, "Allow Overridden"),
            ("for another org", open with { Org = "evil" }, Acme, null, "Block EnvelopeMissing"),
            ("for another resource", open with { Resource = "vol-2" }, Acme, null, "Block EnvelopeMissing"),
            ("for another action", new("ov-2", "cluster.*", null, null, "r", "tok-1", "jane", At(-10), At(10)), Acme, null, "Block EnvelopeMissing"),
        };

        foreach (var row in table)
        {
            var answer = GuardRules.Decide(new([Policy(GuardMode.Enforce)], [row.Override]), Question, row.Verdict, row.Key, isUsed: false, Noon);
            Assert.Equal((row.What, row.Answer), (row.What, $"{answer.Outcome} {answer.Reason}"));
        }
    }

    [Fact]
    public void An_action_without_a_policy_is_allowed_and_says_so() =>
        Assert.Equal(
            (GuardOutcome.Allow, GuardReason.NoPolicy),
            GuardRules.Decide(new([], []), Question, null, Acme, isUsed: false, Noon) is var answer ? (answer.Outcome, answer.Reason) : default);

    [Fact]
    public void G1_only_irreversible_actions_can_be_enforced()
    {
        var policy = Policy(GuardMode.Enforce);
        var flaws = ((GuardPolicy[])
            [policy, policy with { Irreversible = false }, policy with { Irreversible = false, Mode = GuardMode.Shadow }, policy with { Actions = "*" },
                policy with { Actions = "volume*" }, policy with { Name = "another" }]).Select(candidate => candidate.Flaw([policy]));

        Assert.Equal(
            [null, GuardPolicyFlaw.ReversibleEnforced, null, GuardPolicyFlaw.MatchesEverything, GuardPolicyFlaw.PatternInvalid, GuardPolicyFlaw.PatternTaken],
            flaws);
    }

    [Fact]
    public void A_single_use_policy_does_not_let_the_caller_choose_what_counts_as_another_use()
    {
        var (single, plain) = (Policy(GuardMode.Enforce) with { SingleUse = true }, Policy(GuardMode.Enforce));

        Assert.Equal(GuardRules.UseOf(single, Question, Issued), GuardRules.UseOf(single, Question with { Nonce = "n-1" }, Issued));
        Assert.NotEqual(GuardRules.UseOf(single, Question, Issued), GuardRules.UseOf(single, Question, Issued with { Operation = "op-2" }));
        Assert.Null(GuardRules.UseOf(plain, Question, Issued));
        Assert.NotEqual(
            GuardRules.UseOf(plain, Question with { Nonce = "n-1" }, Issued), GuardRules.UseOf(plain, Question with { Nonce = "n-2" }, Issued));
    }

    internal static GuardPolicy Policy(GuardMode mode) =>
        new("volumes", "volume.*", Irreversible: true, mode, SingleUse: false, "Data is lost.", 1, "tok-1", Noon.ToDateTimeOffset());

    private static GuardAnswer Decide(GuardMode mode, ApiKey? key, EnvelopeVerdict? verdict, string? owner, bool isUsed) =>
        GuardRules.Decide(
            new([Policy(mode)], []), Question with { Resource = Question.Resource with { Owner = owner } }, verdict, key, isUsed, Noon);

    private static DateTimeOffset At(int minutes) => Noon.ToDateTimeOffset().AddMinutes(minutes);
}
