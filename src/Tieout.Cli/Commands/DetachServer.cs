using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Server.Ledger;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary>Asks the server that has the data folder to take months out of it, and waits until it has.</summary>
internal static class DetachServer
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(200);

    /// <param name="asked">Without the second person's token, which the environment has.</param>
    public static async Task<int> RunAsync(
        Invocation call, DetachBody asked, Interruption rows, ProgressLine? progress, CancellationToken cancellationToken)
    {
        using var api = call.Client();
        var path = ApiClient.Path(["archive", "detach"]);
        var body = asked with { SecondToken = call.Shell.Variable(DetachPeople.SecondToken) };
        var status = await rows.RunAsync(async () =>
        {
            var now = await api.SendAsync(
                HttpMethod.Post, path, body, ApiClient.Json.DetachBody, ApiClient.Json.DetachStatusBody, cancellationToken);
            while (now.State == DetachStatusBody.Running)
            {
                rows.Report(new RowProgress(now.Rows, now.TotalRows));
                await Task.Delay(AskEvery, cancellationToken);
                now = await api.GetAsync(path, ApiClient.Json.DetachStatusBody, cancellationToken);
            }

            return now;
        }, "The server goes on. Run the same command again to see how far it is.");
        progress?.Dispose();
        if (status.State != DetachStatusBody.Done || status.Plan != asked.Plan)
        {
            throw new CommandFailedException(
                ExitCode.Unreachable, status.Reason ?? "The server was started anew meanwhile. Run the same command again: it goes on.", "detach_failed");
        }

        await call.AnswerAsync(status, ApiClient.Json.DetachStatusBody, (done, text) => text.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Detached {done.Usage:N0} usage records, {done.Postings:N0} postings and {done.Holds:N0} holds: {done.Archive} has them. "
            + $"The store is {done.FreedBytes:N0} bytes smaller.")));
        return ExitCode.Ok;
    }
}
