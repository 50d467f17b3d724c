using System.Text;
using Tieout.Server.Reconciliation;
using Tieout.Server.Reconciliation.Surfaces;

namespace Tieout.Cli.Commands;

/// <summary>A right side that the server reads by itself. It reaches only for what its configuration has.</summary>
/// <param name="Name">Null: the one at <paramref name="Address"/>.</param>
/// <param name="Query">For a database whose configuration has none.</param>
internal sealed record SurfaceArgument(string? Name, string? Address, string? Query)
{
    /// <returns>Null: it is a file.</returns>
    public static SurfaceArgument? Parse(string text)
    {
        if (text.StartsWith("surface:", StringComparison.Ordinal)) return new(text["surface:".Length..].Trim(), null, null);
        if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return new(null, text, null);
        }

        if (!text.StartsWith("sql:", StringComparison.Ordinal)) return null;
        var parts = text["sql:".Length..].Trim().Split(' ', 2);
        return new(parts[0], null, parts.Length > 1 ? parts[1].Trim() : null);
    }

    /// <exception cref="CommandFailedException">There is no such surface, or it cannot be read.</exception>
    public async Task<TieBody> TieAsync(ApiClient api, (string, string?)[] parameters, CancellationToken cancellationToken)
    {
        var name = Name ?? await AtAsync(api, cancellationToken);
        using var content = Query is null ? null : new StringContent(Query, Encoding.UTF8, "text/plain");
        return await api.PostAsync(ApiClient.Path(["surfaces", name, "ties"], parameters), content, TieJson.Default.TieBody, cancellationToken);
    }

    private async Task<string> AtAsync(ApiClient api, CancellationToken cancellationToken)
    {
        var address = new Uri(Address!).GetLeftPart(UriPartial.Path);
        var all = await api.GetAsync("surfaces", SurfaceJson.Default.SurfaceListBody, cancellationToken);
        return all.Items.FirstOrDefault(surface => surface.Address == address)?.Name
            ?? throw new CommandFailedException(ExitCode.Usage,
                $"The server's configuration has no surface at {address}, and it reaches for no other address: add one under 'surfaces'.", "surface_not_found");
    }
}
