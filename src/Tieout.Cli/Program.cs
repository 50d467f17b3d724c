using Tieout.Cli;
using Tieout.Cli.Output;
using Tieout.Storage;

// Before anything is made: SQLite and whatever else makes files by itself is covered by this.
PrivateFiles.RestrictProcess();
return await CommandLine.RunAsync(args, Shell.OfProcess());
