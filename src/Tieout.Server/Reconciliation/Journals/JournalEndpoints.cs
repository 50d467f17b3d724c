using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.Journals;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Journals;

/// <summary>The postings of an org, or of all, as a journal for plain-text accounting, streamed however many there are.</summary>
internal static class JournalEndpoints
{
    /// <summary>A posting is some 250 bytes of text: send about every 64 KB.</summary>
    private const int PostingsPerFlush = 256;

    public static void MapJournals(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/journal", (string org, HttpContext context, ILedger ledger) => WriteAsync([Inputs.Org(ledger, org)], context, ledger)).Allow(
            Access.EveryRole);
        api.MapGet("/journal",
            (HttpContext context, ILedger ledger) => WriteAsync([.. ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal)], context, ledger))
            .Allow(Access.EveryRole);
    }

    private static async Task<IResult> WriteAsync(IReadOnlyList<OrgState> orgs, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "format", "from", "to");
        Func<OrgState, JournalText> form = Inputs.Query(context, "format") switch
        {
            "hledger" => org => new HledgerText(org),
            "beancount" => org => new BeancountText(org),
            _ => throw new ApiRefusedException(ApiError.ParameterInvalid, "The format is hledger or beancount."),
        };

        // All read before the first byte goes out: after it, nothing can be refused.
        var journals = orgs.Select(org => (Org: org, From: Time("from", org), To: Time("to", org) ?? Instant.EndOfTime)).ToList();
        if (journals.Any(journal => journal.To < journal.From)) throw new ApiRefusedException(ApiError.ParameterInvalid, "The range ends before it begins.");
        context.Response.ContentType = "text/plain; charset=utf-8";
        foreach (var (org, from, to) in journals) await WriteAsync(form(org), org, from, to, context, ledger.Read);
        return TypedResults.Empty;

        Instant? Time(string name, OrgState org) => Inputs.Query(context, name) is { } text ? Inputs.Time(text, org.Zone) : null;
    }

    private static async Task WriteAsync(JournalText journal, OrgState org, Instant? from, Instant to, HttpContext context, ILedgerReader read)
    {
        var text = new StringBuilder(journal.Header());
        if (from is { } first) text.Append(journal.Opening(first, await BalancesAsync(org, first, read, context.RequestAborted)));
        var count = 0;
        await foreach (var posting in read.PostingsAsync(org.Org.Id, from ?? Instant.UnixEpoch, to, after: 0, context.RequestAborted))
        {
            text.Append(journal.Transaction(posting));
            if (++count % PostingsPerFlush == 0) await SendAsync();
        }

        await SendAsync();

        async Task SendAsync()
        {
            await context.Response.WriteAsync(text.ToString(), context.RequestAborted);
            text.Clear();
        }
    }

    /// <summary>How the accounts stood when the range began, by the time that postings count in: the months before it, and the postings of its own
    /// month.</summary>
    private static async Task<Dictionary<AccountKind, Amount>> BalancesAsync(
        OrgState org, Instant at, ILedgerReader read, CancellationToken cancellationToken)
    {
        var begin = Month.Of(at, org.Zone).Start(org.Zone);
        var balances = new Dictionary<AccountKind, Amount>();
        void Move(AccountKind kind, Amount change) => balances[kind] = balances.GetValueOrDefault(kind) + change;

        foreach (var month in (await read.MonthAsync(org, begin, begin, cancellationToken)).Months)
        {
            Move(AccountKind.Customer, month.Change);
            Move(AccountKind.Funding, -month.TopUps);
            Move(AccountKind.Promotion, month.GrantsExpired - month.Grants);
            Move(AccountKind.Revenue, month.Charges + month.Corrections);
        }

        if (begin == at) return balances;
        await foreach (var posting in read.PostingsAsync(org.Org.Id, begin, at, after: 0, cancellationToken))
        {
            foreach (var entry in (ReadOnlySpan<Entry>)[posting.Entries.Debit, posting.Entries.Credit]) Move(org.KindOf(entry.Account), entry.Change);
        }

        return balances;
    }
}
