namespace Tieout.Storage;

/// <summary>One read function per figure: every page, header, export and command asks here. Code that needs one kind of figure takes the small
/// interface.</summary>
/// <remarks>Figures in memory are those of the last durable commit. Ranges are half-open. Everything of an org is read for that org alone.</remarks>
public interface ILedgerReader :
    ILedgerPosition, IOrgs, IUsageReader, IPricesReader, IBudgetsReader, IBalances, IPostingsReader, IChainReader, IRecordsReader, IAttemptsReader,
    IObjectsReader, IFindingsReader, IRecountReader, IRowIndexReader, ILineageReader, ISketchReader, IToolCallsReader;
