using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Pricing;

/// <param name="Id">What a charge names: list and version.</param>
/// <param name="Effective">The first day (UTC) on which it is used; null: always.</param>
public sealed record PriceListBody(string Id, string List, string Version, string? Effective, string Asset, int Providers, int Models, bool Builtin);

public sealed record PriceListsBody(IReadOnlyList<PriceListBody> Items, long AsOf);

/// <summary>The price of a model now.</summary>
/// <param name="Price">Complete, as a charge keeps it.</param>
public sealed record PriceBody(string Provider, string Model, string List, string Asset, JsonElement Price, long? ContextWindow, long AsOf);

/// <param name="Markup">Factor on the provider's cost, a decimal string; 1 is at cost.</param>
/// <param name="UnknownModel">refuse or admit (unpriced, and a finding).</param>
/// <param name="Reason">Why. Required where a second person must approve.</param>
public sealed record PricePolicyBody(string? Markup = null, string? UnknownModel = null, string? Reason = null);

public sealed record SetPolicyBody(string Org, JsonElement Policy);

/// <summary>Price lists, the price of a model, and what an org pays on top.</summary>
internal static class PriceEndpoints
{
    /// <summary>The published catalogue is 1.5 MB.</summary>
    private const int ListBytesMax = 16 * 1024 * 1024;

    /// <summary>The name under which an org's policy is kept; there is one.</summary>
    private const string PolicyName = "policy";

    public static void MapPrices(this IEndpointRouteBuilder api)
    {
        api.MapGet("/prices", List).Allow(Access.EveryRole);
        api.MapPost("/prices", Import).Allow(Access.Roles(AdminRole.Operator));
        api.MapGet("/prices/{provider}/{**model}", Show).Allow(Access.EveryRole);
        api.MapPut("/orgs/{org}/price-policy", SetPolicy).Allow(Access.Roles(AdminRole.Operator));
    }

    private static IResult List(ILedger ledger, CurrentPrices current)
    {
        var asOf = ledger.Read.AsOf;
        return Answer.Ok(new PriceListsBody([.. current.Get().Shared.Catalogues.Select(Body)], asOf), PricingJson.Default.PriceListsBody);
    }

    private static IResult Show(string provider, string model, HttpContext context, ILedger ledger, CurrentPrices current, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org");
        var asOf = ledger.Read.AsOf;
        var own = Inputs.Query(context, "org") is { } org ? current.Of(Inputs.Org(ledger, org).Org.Id) : null;
        var answer = (own?.Book ?? current.Get().Shared).Find(provider, model, Instant.From(time.GetUtcNow()), own?.Policy ?? PricePolicy.AtCost);
        if (answer.Price is not { } price)
        {
            throw new ApiRefusedException(
                ApiError.PriceNotFound, $"No price list has a price for the model '{Inputs.Shown(model)}' of the provider '{Inputs.Shown(provider)}'.");
        }

        using var json = JsonDocument.Parse(price.ToJson());
        return Answer.Ok(
            new PriceBody(price.Provider, price.Model, price.List, price.Asset.Code, json.RootElement.Clone(), answer.Limits.ContextWindow, asOf),
            PricingJson.Default.PriceBody);
    }

    private static async Task<IResult> Import(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "format", "effective", "list", "reason");
        var format = Inputs.Query(context, "format") ?? throw Wrong("format is required: genai-prices or tieout.");
        var effective = Inputs.Query(context, "effective") is not { } text ? (DateOnly?)null
            : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
            : throw Wrong($"'{Inputs.Shown(text)}' is not a day: write YYYY-MM-DD.");
        var file = await Inputs.BytesAsync(context, ListBytesMax);
        var catalogue = Read(format, file, effective, Inputs.Name(Inputs.Query(context, "list") ?? format, "list"));
        if (catalogue.Name == BuiltinPrices.Name) throw Wrong($"'{BuiltinPrices.Name}' is the list that comes with the program; give yours another name.");

        var command = new Command.Record(SettingKind.PriceList, "", Inputs.Name(catalogue.Id, "list"), PriceCatalogueJson.Write(catalogue), Once: true);
        var note = new ActionNote(Inputs.IdempotencyKey(context), Inputs.Query(context, "reason"), Asset: catalogue.Asset.Code);
        var (isNew, _, _) = (await ledger.ActAsync(command, AdminCalls.Of(context), note)).OrThrow();
        return Answer.Made(isNew, Body(catalogue), PricingJson.Default.PriceListBody);
    }

    private static PriceCatalogue Read(string format, ReadOnlyMemory<byte> file, DateOnly? effective, string list)
    {
        try
        {
            switch (format)
            {
                case "genai-prices":
                    var from = effective ?? throw Wrong("effective is required: the first day on which the list is used, for example effective=2026-12-01.");
                    return GenaiPrices.Import(file, list, from.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), from);
                case "tieout":
                    return PriceCatalogueJson.Read(file);
                default:
                    throw Wrong($"'{Inputs.Shown(format)}' is not a format. Use genai-prices or tieout.");
            }
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new ApiRefusedException(ApiError.PriceListInvalid, e.Message);
        }
    }

    private static async Task<IResult> SetPolicy(string org, HttpContext context, ILedger ledger, CurrentPrices current)
    {
        var body = await Inputs.BodyAsync(context, PricingJson.Default.PricePolicyBody);
        var before = current.Of(Inputs.Org(ledger, org).Org.Id)?.Policy ?? PricePolicy.AtCost;
        var unknown = body.UnknownModel switch
        {
            null => before.UnknownModel,
            "refuse" => UnknownModel.Refuse,
            "admit" or "admit_unpriced" => UnknownModel.AdmitUnpriced,
            _ => throw Wrong("The policy for unknown models is refuse or admit."),
        };
        var policy = new PricePolicy(body.Markup is { } text ? Markup(text) : before.Markup, unknown, before.Basis, before.Overrides);
        (await ledger.ActAsync(new Command.Record(SettingKind.PricePolicy, org, PolicyName, policy.ToJson(), Once: false), AdminCalls.Of(context),
            new(Inputs.IdempotencyKey(context), body.Reason))).OrThrow();
        using var json = JsonDocument.Parse(policy.ToJson());
        return Answer.Ok(new SetPolicyBody(org, json.RootElement.Clone()), PricingJson.Default.SetPolicyBody);
    }

    private static decimal Markup(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) && factor <= PricePolicy.MarkupMax
            ? factor
            : throw Wrong($"'{Inputs.Shown(text)}' is not a markup: write a factor from 0 to {PricePolicy.MarkupMax}, such as 1.2.");

    private static PriceListBody Body(PriceCatalogue list) => new(
        list.Id, list.Name, list.Version, list.Effective?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), list.Asset.Code,
        list.Providers.Length, list.Providers.Sum(provider => provider.Models.Length), list.Name == BuiltinPrices.Name);

    private static ApiRefusedException Wrong(string what) => new(ApiError.ParameterInvalid, what);
}
