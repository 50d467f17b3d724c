using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Reconciliation.Surfaces;

namespace Tieout.Cli.Commands;

/// <summary><c>surfaces</c>: ends with 1 when one drifts or cannot be read.</summary>
internal static class SurfacesCommand
{
    public static Command Build(Globals globals) =>
        globals.Calling(new("surfaces", "List the other books in the server's configuration, with the result of the last scheduled comparison."),
            async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("surfaces", SurfaceJson.Default.SurfaceListBody, cancellationToken);
        await call.AnswerAsync(answer, SurfaceJson.Default.SurfaceListBody, (list, text) =>
        {
            var table = new TextTable("SURFACE", "KIND", "ORG", "KEY", "EVERY", "LAST", ">DRIFT", "SEVERITY", "ABOVE 5 % SINCE", "FAILURE");
            foreach (var surface in list.Items)
            {
                table.Add(
                    surface.Name, surface.Kind, surface.Org, surface.Key, surface.EverySeconds is { } seconds ? $"{seconds} s" : null, surface.LastAt?[..19],
                    surface.DriftPct is { } drift ? $"{drift} %" : null,
                    surface.Severity, surface.DriftingSince?[..19], surface.Failure);
            }

            return table.WriteAsync(text);
        });
        return answer.Items.Any(surface => surface.Failure is not null || surface.Differing > 0) ? ExitCode.Findings : ExitCode.Ok;
    });
}
