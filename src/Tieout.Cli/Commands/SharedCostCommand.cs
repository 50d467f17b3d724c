using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Metering;
using Tieout.Server.Http;
using Tieout.Server.Invoicing.Shared;
using Tieout.Server.Reconciliation.Bills;

namespace Tieout.Cli.Commands;

/// <summary><c>shared-costs split [FILE] --name NAME --method METHOD --window 2026-11</c> and <c>shared-costs list</c></summary>
internal static class SharedCostCommand
{
    private static readonly SharedCostJson Json = new(
        new JsonSerializerOptions(SharedCostJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) =>
        new("shared-costs", "Split the cost of a cluster or platform over tenants, by what they used.") { Split(globals), List(globals) };

    private static Command Split(Globals globals)
    {
        var file = new Argument<string?>("FILE|URL")
        {
            Description = "An answer of OpenCost's /allocation or its CSV export, or a cloud's bill as FOCUS CSV. Not with --amount.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var name = new Option<string>("--name") { Required = true, Description = "The cluster or platform, for example k8s-prod.", HelpName = "NAME" };
        var method = new Option<string>("--method")
        {
            Required = true,
            Description = $"{string.Join(", ", SharedCostMethod.All.Select(known => known.Name))}.",
            HelpName = "METHOD",
        };
        method.AcceptOnlyFromAmong([.. SharedCostMethod.All.Select(known => known.Name)]);
        var window = new Option<string>("--window")
        {
            Required = true,
            Description = "A month (2026-11) or a day (2026-11-22) of UTC. The usage of it decides the parts.",
            HelpName = "WINDOW",
        };
        var format = new Option<string>("--format") { Description = "opencost or focus. Default: opencost.", DefaultValueFactory = _ => "opencost" };
        format.AcceptOnlyFromAmong("opencost", "focus");
        var amount = new Option<string?>("--amount") { Description = "A fixed cost of the window instead of a file, in major units.", HelpName = "AMOUNT" };
        var parts = new Option<string[]>("--part")
        {
            Description = "For the method fixed: an org and its percentage, for example acme=60. Repeat it. What is left is unallocated.",
            HelpName = "ORG=PERCENT",
            AllowMultipleArgumentsPerToken = true,
        };
        var asset = new Option<string?>("--asset") { Description = "The asset of the cost, where the orgs use several." };
        var charge = new Option<bool>("--charge") { Description = "Charge each tenant its part, once for the name and window. Default: only show the parts." };
        var reason = new Option<string?>("--reason") { Description = "Why the tenants are charged. Required with --charge." };
        var command = new Command(
            "split",
            "Show each tenant's part of a cost, to the nano-unit, with what is idle and unallocated. Exit code 1: a part waits for a second person or was refused.")
        {
            file, name, method, window, format, amount, parts, asset, charge, reason,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var costs = await CostsAsync(call, call.Get(file), call.Get(amount), call.Get(name), call.Get(format), call.Get(window), cancellationToken);
            var given = call.Get(parts) ?? [];
            var body = new SplitSharedCostBody(
                call.Get(name), call.Get(window), call.Get(method), costs, call.Get(asset),
                given.Length == 0 ? null : Parts(given), call.Get(charge), call.Get(reason));
            var answer = await api.SendAsync(
                HttpMethod.Post, "shared-costs", body, Json.SplitSharedCostBody, Json.SharedCostBody, cancellationToken);
            await call.AnswerAsync(answer, Json.SharedCostBody, WriteAsync);
            return answer.Items.Any(item => item.State is "proposed" or "refused") ? ExitCode.Findings : ExitCode.Ok;
        });
    }

    private static Command List(Globals globals) => globals.Calling(
        new("list", "List the shared costs that were charged."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("shared-costs", Json.SharedCostListBody, cancellationToken);
        await call.AnswerAsync(answer, Json.SharedCostListBody, (list, text) =>
        {
            var table = new TextTable("NAME", "WINDOW", "METHOD", ">TOTAL", "ASSET", ">TENANTS", "REASON");
            foreach (var item in list.Items)
            {
                var tenants = item.Items.Count(line => line.Org is not null).ToString(CultureInfo.InvariantCulture);
                table.Add(item.Name, item.Window, item.Method, item.Total.ToString(), item.Asset, tenants, item.Reason);
            }

            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static async Task<IReadOnlyList<SharedCostItemBody>> CostsAsync(
        Invocation call, string? place, string? amount, string name, string format, string window, CancellationToken cancellationToken)
    {
        if (place is null == amount is null) throw new CommandFailedException(ExitCode.Usage, "Give a FILE or an --amount, one of them.");
        try
        {
            if (amount is not null) return [SharedCostFile.Fixed(name, amount)];
            await using var file = await OpenCostCommand.OpenAsync(place!, cancellationToken);
            var read = await SharedCostFile.ReadAsync(file, format, window, cancellationToken);
            if (read.LeftOut > 0)
            {
                await call.Shell.Error.WriteLineAsync(
                    $"{read.LeftOut} of {read.Rows} rows ({read.LeftOutCost}) are left out: their nodes are there a second time, with an instance type.");
            }

            return read.Costs;
        }
        catch (ApiRefusedException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Detail ?? e.Message, e.Error.Code, e);
        }
    }

    private static Dictionary<string, string> Parts(string[] given)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in given)
        {
            if (part.Split('=') is not [{ Length: > 0 } org, { Length: > 0 } percent] || !parts.TryAdd(org, percent))
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{part}' is not a part: write ORG=PERCENT, each org once.");
            }
        }

        return parts;
    }

    private static async Task WriteAsync(SharedCostBody body, TextWriter text)
    {
        var table = new TextTable("TENANT", $">{body.Unit.ToUpperInvariant()}", ">SHARE", ">AMOUNT", "STATE");
        foreach (var item in body.Items)
        {
            var name = item.Org ?? (item.Kind == "idle" ? "(idle)" : UsageLabels.Unattributed);
            table.Add(
                name, item.Org is null ? "" : item.Weight.ToString(CultureInfo.InvariantCulture), item.Share?.ToString("P4", CultureInfo.InvariantCulture) ?? "",
                item.Amount.ToString(), item.Org is null ? "stays with the platform" : item.Detail is { } detail ? $"{item.State}: {detail}" : item.State);
        }

        table.Add("total", "", "", body.Total.ToString(), "");
        await table.WriteAsync(text);
        await text.WriteLineAsync($"{body.Name}, {body.Window} (UTC), {body.Asset}, by {body.Method}, commit {body.AsOf}.");
    }
}
