using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Tieout.Cli.Output;
using Tieout.Server.Ledger;

namespace Tieout.Cli.Commands;

/// <summary><c>proposals list|show|approve|reject</c></summary>
internal static class ProposalCommands
{
    /// <summary>Instead of an org, for proposals that concern all orgs.</summary>
    public const string Platform = "-";

    public static Command Build(Globals globals) => new("proposals", "Actions that move money by hand and need a second person.")
    {
        List(globals), Show(globals), Approve(globals), Reject(globals),
    };

    private static Command List(Globals globals)
    {
        var org = new Option<string?>(
            "--org")
        { Description = "List all proposals of this org, newest first. Default: the pending ones of all orgs.", HelpName = "ORG" };
        var cursor = new Option<string?>("--cursor") { Description = "Continue after the previous page.", HelpName = "CURSOR" };
        return globals.Calling(new("list", "List proposals.") { org, cursor }, async (call, api, cancellationToken) =>
        {
            var path = call.Get(org) is { } named
                ? ApiClient.Path(["orgs", named, "proposals"], ("cursor", call.Get(cursor))) : ApiClient.Path(["proposals"], ("cursor", call.Get(cursor)));
            await call.AnswerAsync(
                await api.GetAsync(path, ApiClient.Json.ProposalPageBody, cancellationToken), ApiClient.Json.ProposalPageBody, async (page, text) =>
            {
                var table = new TextTable("PROPOSAL", "ORG", "STATE", ">MOVES", "ASSET", "PROPOSED BY", "DECIDED BY", "EXPIRES", "REASON");
                foreach (var item in page.Items)
                {
                    table.Add(item.Id, item.Org ?? Platform, item.State, item.Moves?.ToString() ?? "no amount", item.Asset, item.ProposedBy, item.DecidedBy,
                        item.ExpiresAt, item.Reason);
                }

                await table.WriteAsync(text);
                if (page.NextCursor is { } next) await text.WriteLineAsync($"More with --cursor {next}");
            });
            return ExitCode.Ok;
        });
    }

    private static Command Show(Globals globals)
    {
        var (org, id) = Named();
        return globals.Calling(new("show", "Show one proposal with its content and hash.") { org, id }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(Address(call.Get(org), call.Get(id))), ApiClient.Json.ProposalBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.ProposalBody, (body, text) => text.WriteLineAsync(Described(body)));
            return ExitCode.Ok;
        });
    }

    private static Command Approve(Globals globals)
    {
        var (org, id) = Named();
        var hash = new Option<string>(
            "--hash")
        { Required = true, Description = "The hash that 'proposals show' printed: what is approved is exactly that content.", HelpName = "HASH" };
        return globals.Calling(new("approve", "Approve another person's proposal and carry it out.") { org, id, hash }, (call, api, cancellationToken) =>
            DecideAsync(call, api, call.Get(org), call.Get(id), "approve", new ApproveBody(call.Get(hash)), ApiClient.Json.ApproveBody, cancellationToken));
    }

    private static Command Reject(Globals globals)
    {
        var (org, id) = Named();
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored and shown." };
        return globals.Calling(new("reject", "Reject a proposal. Nothing is carried out.") { org, id, reason }, (call, api, cancellationToken) =>
            DecideAsync(call, api, call.Get(org), call.Get(id), "reject", new RejectBody(call.Get(reason)), ApiClient.Json.RejectBody, cancellationToken));
    }

    private static async Task<int> DecideAsync<T>(
        Invocation call, ApiClient api, string org, string id, string decision, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var answer =
            await api.SendAsync(HttpMethod.Post, ApiClient.Path([.. Address(org, id), decision]), body, type, ApiClient.Json.ProposalBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.ProposalBody, (proposal, text) => text.WriteLineAsync(
            $"{proposal.Id} is {proposal.State} by {proposal.DecidedBy}{(proposal.Posting is { } posting and > 0 ? $": posting {posting}" : "")}."));
        return ExitCode.Ok;
    }

    private static (Argument<string> Org, Argument<string> Id) Named() =>
        (new("ORG") { Description = $"The org, or {Platform} for a proposal that concerns all orgs, such as a price list." }, new("PROPOSAL"));

    private static string[] Address(string org, string id) => org == Platform ? ["proposals", id] : ["orgs", org, "proposals", id];

    private static string Described(ProposalBody body) => string.Join('\n', new[]
    {
        $"proposal  {body.Id} of {body.Org ?? "the platform"}: {body.State}",
        $"moves     {(body.Moves is { } moves ? $"{moves} {body.Asset}" : "no amount")}",
        $"reason    {body.Reason}",
        $"proposed  by {body.ProposedBy} at {body.ProposedAt}, expires {body.ExpiresAt}",
        body.DecidedBy is null
            ? null : $"decided   {body.State} by {body.DecidedBy} at {body.DecidedAt}{(body.DecisionReason is null ? "" : $": {body.DecisionReason}")}",
        $"content   {body.Content.GetRawText()}",
        $"hash      {body.Hash}",
    }.OfType<string>());
}
