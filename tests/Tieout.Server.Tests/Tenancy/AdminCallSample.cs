using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Calls of people as an endpoint makes them, for actions that a test calls itself.</summary>
internal static class AdminCallSample
{
    public static AdminCall Of(string actor) =>
        new(new(new Actor(actor, "admin", $"corr-{actor}", Address: null, Agent: null), "POST /test", "/test"), approvals: null,
            TestContext.Current.CancellationToken);
}
