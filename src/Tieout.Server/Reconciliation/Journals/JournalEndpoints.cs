using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.Journals;
using Tieout.Server.Api;
using Tieout.Server.Errors;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Journals;

/// <summary>The postings of an org as a journal for plain-text accounting, streamed however many there are.</summary>
internal static class JournalEndpoints
{
    /// <summary>A posting is some 250 bytes of text: send about every 64 KB.</summary>
    private const int PostingsPerFlush = 256;

    public static void MapJournals(this IEndpointRouteBuilder api) => api.MapGet("/orgs/{org}/journal", WriteAsync);

    private static async Task<IResult> WriteAsync(string org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "format", "from", "to");
        var state = Inputs.Org(ledger, org);
        JournalText journal = Inputs.Query(context, "format") switch
        {
            "hledger" => new HledgerText(state),
            "beancount" => new BeancountText(state),
            _ => throw new ApiRefusedException(ApiError.ParameterInvalid, "The format is hledger or beancount."),
        };
        Instant? from = Inputs.Query(context, "from") is { } start ? Inputs.Time(start, state.Zone) : null;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, state.Zone) : Instant.From(DateTimeOffset.MaxValue);
        if (to < from) throw new ApiRefusedException(ApiError.ParameterInvalid, "The range ends before it begins.");

        context.Response.ContentType = "text/plain; charset=utf-8";
        var text = new StringBuilder(journal.Header());
        if (from is { } first) text.Append(journal.Opening(first, await BalancesAsync(state, first, ledger.Read, context.RequestAborted)));
        var count = 0;
        await foreach (var posting in ledger.Read.PostingsAsync(org, from ?? Instant.MinValue, to, after: 0, context.RequestAborted))
        {
            text.Append(journal.Transaction(posting));
            if (++count % PostingsPerFlush == 0) await SendAsync();
        }

        await SendAsync();
        return TypedResults.Empty;

        async Task SendAsync()
        {
            await context.Response.WriteAsync(text.ToString(), context.RequestAborted);
            text.Clear();
        }
    }

    /// <summary>How the accounts stood when the range began, by the time that postings count in.</summary>
    private static async Task<Dictionary<AccountKind, Amount>> BalancesAsync(OrgState org, Instant at, ILedgerReader read, CancellationToken cancellationToken)
    {
        var balances = new Dictionary<AccountKind, Amount>();
        await foreach (var posting in read.PostingsAsync(org.Org.Id, Instant.MinValue, at, after: 0, cancellationToken))
        {
            foreach (var entry in (ReadOnlySpan<Entry>)[posting.Entries.Debit, posting.Entries.Credit])
            {
                var kind = org.KindOf(entry.Account);
                balances[kind] = balances.GetValueOrDefault(kind) + entry.Change;
            }
        }

        return balances;
    }
}
