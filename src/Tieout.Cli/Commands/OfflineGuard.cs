using Tieout.Core.Guard;
using Tieout.Server.Guard;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary>A command that changes the files itself would pass by the guard. It does so only where no policy names the action (G1): decisions are made and
/// recorded in one place, the server.</summary>
internal static class OfflineGuard
{
    /// <summary>The code of the refusal: a server decides.</summary>
    public const string AsksServer = "guard_asks_server";

    /// <exception cref="CommandFailedException">A policy names the action. Nothing was changed.</exception>
    public static void Pass(IOrgs orgs, string action)
    {
        if (new CurrentGuard(orgs).Terms.PolicyOf(action) is not { Mode: not GuardMode.Off } policy) return;
        throw new CommandFailedException(
            ExitCode.Usage, $"The guard policy '{policy.Name}' names '{action}', so a server decides. Start one on this store, and run the command again.", AsksServer);
    }
}
