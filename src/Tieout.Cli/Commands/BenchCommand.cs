using System.CommandLine;

namespace Tieout.Cli.Commands;

/// <summary><c>bench</c>: everything that is measured.</summary>
internal static class BenchCommand
{
    public static Command Build(Globals globals) => new("bench", "Measurements.")
    {
        BenchLedgerCommand.Build(globals), BenchReadsCommand.Build(globals), BenchReconcileCommand.Build(globals), BenchGatewayCommand.Build(globals),
        BenchGuardCommand.Build(globals), BenchGatewayCommand.Part(globals), BenchSpikeCommand.Build(globals),
        BenchDetectorCommand.Build(globals),
    };
}
