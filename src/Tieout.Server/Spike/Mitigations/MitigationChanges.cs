using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>Sets and ends mitigations: the setting, the record of the version, the message and the budget of a cost cap in one commit (G2, U1).</summary>
internal sealed class MitigationChanges(ILedger ledger, CurrentMitigations current, CurrentRoutes routes, TimeProvider time)
{
    private const int SecondsMin = 60;

    /// <summary>The mitigation as it was set last; null: the org has none of this id.</summary>
    public Mitigation? Find(string org, string id) => current.Get().All.FirstOrDefault(each => each.Org == org && each.Id == id);

    /// <summary>The mitigation that a body describes.</summary>
    /// <exception cref="ApiRefusedException">It cannot be set.</exception>
    public Mitigation Read(OrgState org, string id, SetMitigationBody body, string by)
    {
        var (now, max) = (time.GetUtcNow(), (int)Mitigation.LifetimeMax.TotalSeconds);
        if (body.ExpiresInSeconds < SecondsMin || body.ExpiresInSeconds > max)
        {
            throw Invalid($"expires_in_seconds must be from {SecondsMin} to {max}: a mitigation ends by itself.");
        }

        var next = new Mitigation(
            id, org.Org.Id, body.Kind, body.Scope ?? MitigationScope.Whole, (body.Rule ?? new()).ToRule(), body.Owner, Inputs.Reason(body.Reason),
            now.AddSeconds(body.ExpiresInSeconds), (Find(org.Org.Id, id)?.Version ?? 0) + 1, by, now);
        if (MitigationFlaws.Of(next) is { } flaw) throw Invalid(flaw);
        Check(next);
        return next;
    }

    /// <summary>Sets a version. It replaces the one before.</summary>
    /// <exception cref="ApiRefusedException">A budget of the tenant's own is where the cost cap would be.</exception>
    public async Task SetAsync(OrgState org, Mitigation next, AdminCall call)
    {
        var standing = Find(next.Org, next.Id);
        var commands = new List<Command>(Commands(next, "set"));
        var old = standing is { EndedAt: null } ? standing.BudgetIn("UTC") : null;
        if (next.BudgetIn("UTC") is { } wanted)
        {
            var budget = ledger.Read.BudgetStates(next.Org).FirstOrDefault(state => state.Budget.Id == wanted.Id)?.Budget;
            if (budget?.Limit is not null && old?.Id != wanted.Id)
            {
                throw Invalid($"The org has the budget {wanted.Id} already. Change that budget, or cap another scope.");
            }

            commands.Add(new Command.SetBudget(next.BudgetIn(budget?.TimeZone ?? org.Org.TimeZone)!));
            if (old?.Id == wanted.Id) old = null;
        }

        if (old is not null) commands.Add(Lifting(standing!));
        (await ledger.ActAsync(new Command.Together(next.Org, [.. commands]), call)).OrThrow();
    }

    /// <summary>Ends a mitigation before its time.</summary>
    public async Task<Mitigation> RemoveAsync(Mitigation standing, AdminCall call)
    {
        var ended = standing with { EndedAt = time.GetUtcNow(), EndedBy = call.Actor.Id };
        (await ledger.ActAsync(new Command.Together(ended.Org, Ending(ended, "removed")), call)).OrThrow();
        return ended;
    }

    /// <summary>Records that the time of a mitigation is over, and lifts its budget.</summary>
    public async Task ExpireAsync(Mitigation standing, CancellationToken cancellationToken)
    {
        var ended = standing with { EndedAt = standing.ExpiresAt, EndedBy = Mitigation.Expiry };

        // Refused: another node recorded it, or somebody set or removed the mitigation a moment ago. The next turn looks again.
        await ledger.SubmitAsync(new Command.Together(ended.Org, Ending(ended, "expired")), cancellationToken);
    }

    private static ApiRefusedException Invalid(string detail) => new(ApiError.MitigationInvalid, detail);

    private ImmutableArray<Command> Ending(Mitigation ended, string step) =>
        ended.Kind is MitigationKind.CostCap ? [.. Commands(ended, step), Lifting(ended)] : [.. Commands(ended, step)];

    private static Command[] Commands(Mitigation next, string step)
    {
        var json = next.ToJson();

        // The version is a name that can be taken once: of two people who change the same version, one is refused.
        var name = $"mitigation/{next.Id}/{next.Version.ToString("D6", CultureInfo.InvariantCulture)}{(step == "set" ? "" : $"/{step}")}";
        return
        [
            new Command.AddRecord(RecordKind.MitigationChange, next.Org, name, json, Once: true)
            {
                Announcement = new(new RecordMessage(name, $"mitigation.{step}")),
            },
            new Command.Record(SettingKind.Mitigation, next.Org, next.Id, json, Once: false),
        ];
    }

    private Command.SetBudget Lifting(Mitigation standing)
    {
        var id = standing.BudgetIn("UTC")!.Id;
        var zone = ledger.Read.BudgetStates(standing.Org).First(state => state.Budget.Id == id).Budget.TimeZone;
        return new(standing.LiftedIn(zone)!);
    }

    /// <summary>Teams, keys and models exist only here: an unknown one would never match a request, and would look like a limit.</summary>
    private void Check(Mitigation next)
    {
        if (next.Scope.Team is { } team && team != MitigationScope.Each) ledger.Exists(SettingKind.Team, next.Org, team);
        if (next.Scope.Key is { } key && key != MitigationScope.Each) ledger.Exists(SettingKind.Key, next.Org, key);
        var snapshot = routes.Get();
        if (next.Scope.Model is { } model && model != MitigationScope.Each && snapshot.Find(model) is null) throw Invalid($"The model '{model}' is not offered here.");
        foreach (var (from, to) in next.Rule.Models ?? new Dictionary<string, string>())
        {
            if (snapshot.Find(from) is not { } asked) throw Invalid($"The model '{from}' is not offered here.");
            if (snapshot.Find(to) is not { } other) throw Invalid($"The model '{to}' is not offered here.");
            if (!asked.Stages.Any(stage => stage.Any(target => other.Speaks(target.Upstream.Options.Dialect))))
            {
                throw Invalid($"The model '{to}' is served in another dialect than '{from}', and requests are not translated.");
            }
        }
    }
}
