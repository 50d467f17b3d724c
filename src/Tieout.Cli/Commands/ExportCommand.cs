using System.CommandLine;

namespace Tieout.Cli.Commands;

/// <summary><c>export journal --format hledger|beancount</c></summary>
internal static class ExportCommand
{
    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs.", HelpName = "ORG" };
        var format = new Option<string>("--format") { Required = true, Description = "hledger or beancount." };
        format.AcceptOnlyFromAmong("hledger", "beancount");
        var from = new Option<string?>(
            "--from")
        { Description = "A day, or a time with its offset. Earlier postings are summed as opening balances.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" };
        var journal = new Command("journal", "Export every posting as a plain-text accounting journal. A debit is positive.") { org, format, from, to };
        globals.Calling(journal, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(call.Get(org) is { } one ? ["orgs", one, "journal"] : ["journal"], ("format", call.Get(format)), ("from", call.Get(from)),
                ("to", call.Get(to)));
            await call.CopyAsync(api, path, cancellationToken);
            return ExitCode.Ok;
        });
        return new("export", "The ledger in forms of other programs.") { journal };
    }
}
