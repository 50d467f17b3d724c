using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <summary><c>GET /packets?dispute=</c>: the review packet of a dispute as a zip. For the platform's people: they decide who gets it.</summary>
internal static class PacketEndpoints
{
    public static void MapPackets(this IEndpointRouteBuilder api)
    {
        api.MapGet("/packets", (HttpContext context, ILedger ledger, ReviewPacket packet) =>
            Get([.. ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal)], context, ledger, packet)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/packets", (string org, HttpContext context, ILedger ledger, ReviewPacket packet) =>
            Get([Inputs.Org(ledger, org)], context, ledger, packet)).Allow(Access.EveryRole);
    }

    private static async Task<IResult> Get(IReadOnlyList<OrgState> orgs, HttpContext context, ILedger ledger, ReviewPacket packet)
    {
        Inputs.OnlyQuery(context, "dispute");
        var id = Inputs.Query(context, "dispute")
            ?? throw new ApiRefusedException(
                ApiError.ParameterInvalid, "dispute is missing: send a usage id, an operation id, or an invoice and its line such as INV-000001:3.");
        var (dispute, zip) = await packet.OfAsync(orgs, id, context.RequestAborted);

        // Before it leaves: who took what out of the ledger is on record.
        await ledger.RecordActionAsync(AdminCalls.Of(context), dispute.Org.Org.Id, new() { ["dispute"] = dispute.Id });
        return TypedResults.File(zip, "application/zip", $"packet-{dispute.Org.Org.Id}.zip");
    }
}
