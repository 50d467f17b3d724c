using Tieout.Cli;
using Tieout.Cli.Output;

return await CommandLine.RunAsync(args, Shell.OfProcess());
