using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tieout.Console.Frame;
using Tieout.Console.Sessions;
using Tieout.Server.Hosting;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Console;

/// <summary>The console: pages for people, rendered on the server. It shows what the reports of the API say, and has no figure of its own (Q2).</summary>
/// <param name="data">The data folder. The keys of sessions and forms are in it, so that both outlast a restart.</param>
public sealed class ConsolePart(string data) : IServerPart
{
    /// <inheritdoc/>
    public void Add(IServiceCollection services)
    {
        services.AddRazorComponents();

        // For the owner alone, as everything in the data folder: an encryption whose key lies beside it would add nothing.
        var keys = Path.Combine(data, "console-keys");
        PrivateFiles.CreateFolder(keys);
        services.AddDataProtection().SetApplicationName("tieout").PersistKeysToFileSystem(new(keys));
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
        services.AddSingleton<SessionCookie>();
    }

    /// <inheritdoc/>
    public void Map(WebApplication app)
    {
        app.UseMiddleware<PageAnswers>();
        app.UseAntiforgery();
        app.MapRazorComponents<App>().Add(page =>
        {
            page.Metadata.Add(PageAccess.Of(page.Metadata.OfType<ComponentTypeMetadata>().FirstOrDefault()?.Type));
            page.Metadata.Add(ConsoleProtocol.Instance);
        });
        app.MapPost(SignOut.Path, SignOut.AnswerAsync).Allow(Access.Anonymous, ConsoleProtocol.Instance);
        app.MapGet("/assets/{name}", ConsoleAssets.AnswerAsync).Allow(Access.Anonymous, ConsoleProtocol.Instance);

        // The file of a page: the same report for the same query.
        app.MapGet("/spend.csv", (RequestDelegate)(context => FileAsync(context, SpendEndpoints.All))).Allow(Access.EveryRole, ConsoleProtocol.Instance);
    }

    private static async Task FileAsync(HttpContext context, Func<HttpContext, ILedger, TimeProvider, Task<IResult>> answer)
    {
        var services = context.RequestServices;
        await (await answer(context, services.GetRequiredService<ILedger>(), services.GetRequiredService<TimeProvider>())).ExecuteAsync(context);
    }
}
