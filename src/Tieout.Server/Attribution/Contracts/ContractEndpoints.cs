using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution.Contracts;

/// <param name="Reason">Why, for people.</param>
public sealed record SetContractBody(JoinContract Contract, string Reason);

public sealed record EndContractBody(string Reason);

public sealed record ContractListBody(IReadOnlyList<StandingContract> Items, long AsOf);

/// <summary>Join contracts: seen, set, ended. Every version is kept.</summary>
internal static class ContractEndpoints
{
    public static void MapContracts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/contracts", List).Allow(Access.EveryRole);
        api.MapGet("/contracts/{contract}/versions", Versions).Allow(Access.EveryRole);
        api.MapPost("/contracts", Set).Allow(Access.Roles());
        api.MapPost("/contracts/{contract}/end", End).Allow(Access.Roles()).Irreversible("tieout.contract.end", "contract", "contract");
        api.MapCompleteness();
        api.MapIncomplete();
    }

    public static StandingContract Standing(CurrentContracts contracts, string name) =>
        contracts.Get().All.FirstOrDefault(standing => standing.Contract.Name == name)
        ?? throw new ApiRefusedException(ApiError.ContractNotFound, $"The join contract '{Inputs.Shown(name)}' does not exist.");

    private static IResult List(HttpContext context, ILedger ledger, CurrentContracts contracts)
    {
        Inputs.OnlyQuery(context);
        var asOf = ledger.Read.AsOf;
        return Answer.Ok(new ContractListBody([.. contracts.Get().All], asOf), ContractJson.Default.ContractListBody);
    }

    /// <summary>Every version of a contract, oldest first.</summary>
    private static async Task<IResult> Versions(string contract, HttpContext context, ILedger ledger, CurrentContracts contracts)
    {
        Inputs.OnlyQuery(context);
        var asOf = ledger.Read.AsOf;
        Standing(contracts, contract);
        var versions = new List<StandingContract>();
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.ContractChange, "", Prefix(contract), context.RequestAborted))
        {
            versions.Add(StandingContract.Parse(row.Body));
        }

        return Answer.Ok(new ContractListBody(versions, asOf), ContractJson.Default.ContractListBody);
    }

    private static async Task<IResult> Set(HttpContext context, ILedger ledger, CurrentContracts contracts, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, ContractJson.Default.SetContractBody);
        var (next, all) = (body.Contract, contracts.Get());
        if ((ContractFlaws.Of(next) ?? ContractFlaws.Between(next, all.InForce)) is { } flaw) throw new ApiRefusedException(ApiError.ContractInvalid, flaw);
        var standing = all.All.FirstOrDefault(known => known.Contract.Name == next.Name);
        if (standing is { Ended: false } && standing.Contract == next)
        {
            AdminCalls.Of(context).MarkRecorded("Nothing changes.");
            return Answer.Ok(standing, ContractJson.Default.StandingContract);
        }

        if (standing is not null && ContractChange.Refusal(standing.Contract, next) is { } refusal)
        {
            throw new ApiRefusedException(ApiError.ContractBreaking, refusal);
        }

        return await StoreAsync(context, ledger, time, standing, next, isEnd: false, body.Reason);
    }

    private static async Task<IResult> End(string contract, HttpContext context, ILedger ledger, CurrentContracts contracts, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, ContractJson.Default.EndContractBody);
        var standing = Standing(contracts, contract);
        if (!standing.Ended) return await StoreAsync(context, ledger, time, standing, standing.Contract, isEnd: true, body.Reason);
        AdminCalls.Of(context).MarkRecorded("Nothing changes.");
        return Answer.Ok(standing, ContractJson.Default.StandingContract);
    }

    private static async Task<IResult> StoreAsync(
        HttpContext context, ILedger ledger, TimeProvider time, StandingContract? standing, JoinContract next, bool isEnd, string reason)
    {
        var call = AdminCalls.Of(context);
        var set = new StandingContract(next, isEnd, Inputs.Reason(reason), call.Actor.Id, time.GetUtcNow());
        var json = set.ToJson();

        // The version is a name that can be taken once: of two people who set the same version, one is refused.
        var name = $"{Prefix(next.Name)}{Sortable(next.Version)}{(isEnd ? ".end" : "")}";
        var version = new Command.AddRecord(RecordKind.ContractChange, "", name, json, Once: true)
        {
            Announcement = new(new RecordMessage(name, isEnd ? "contract.ended" : "contract.set")),
        };
        var outcome = await ledger.ActAsync(
            new Command.Together("", [version, new Command.Record(SettingKind.JoinContract, "", next.Name, json, Once: false)]), call);
        if (outcome is Outcome.Refused { Reason: Refusal.IdReused })
        {
            throw new ApiRefusedException(
                ApiError.ContractBreaking, $"Version {next.Version} of the contract '{next.Name}' was set before. Look at it, then set a higher version.");
        }

        outcome.OrThrow();
        return Answer.Made(standing is null, set, ContractJson.Default.StandingContract);
    }

    private static string Prefix(string contract) => $"contract/{contract}/";

    /// <summary>In the order of versions: each number with leading zeros.</summary>
    private static string Sortable(string version) => string.Join('.', version.Split('.').Select(part => part.PadLeft(6, '0')));
}
