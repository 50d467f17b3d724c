using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Api;

/// <summary>Which roles may do what. What is not in the table is for admins, so that a new endpoint is closed until someone thinks of it.</summary>
internal static class Permissions
{
    /// <summary>Changes, by the address below <see cref="ApiEndpoints.Root"/> as the endpoint is mapped.</summary>
    private static readonly (string Path, AdminRole[] Roles)[] Changes =
    [
        ("/orgs", [AdminRole.Operator]),
        ("/orgs/{org}/teams", [AdminRole.Operator]),
        ("/orgs/{org}/projects", [AdminRole.Operator]),
        ("/orgs/{org}/keys", [AdminRole.Operator]),
        ("/orgs/{org}/keys/{key}/block", [AdminRole.Operator]),
        ("/orgs/{org}/keys/{key}/unblock", [AdminRole.Operator]),
        ("/orgs/{org}/keys/{key}/rotate", [AdminRole.Operator]),
        ("/orgs/{org}/keys/{key}/expire", [AdminRole.Operator]),
        ("/orgs/{org}/keys/{key}/terms", [AdminRole.Operator]),
        ("/orgs/{org}/budgets", [AdminRole.Operator]),
        ("/orgs/{org}/price-policy", [AdminRole.Operator]),
        ("/prices", [AdminRole.Operator]),
        ("/runtimes", [AdminRole.Operator]),
        ("/runtimes/{id}/events", [AdminRole.Operator]),
        ("/runtimes/{id}/retire", [AdminRole.Operator]),
        ("/orgs/{org}/topups", [AdminRole.Finance]),
        ("/orgs/{org}/grants", [AdminRole.Finance]),
        ("/orgs/{org}/corrections", [AdminRole.Finance]),
        ("/orgs/{org}/invoices/{month}/close", [AdminRole.Finance]),
        ("/orgs/{org}/invoices/{month}/finalise", [AdminRole.Finance]),
        ("/orgs/{org}/documents/{number}/credit-notes", [AdminRole.Finance]),
        ("/orgs/{org}/ties", [AdminRole.Viewer, AdminRole.Operator, AdminRole.Finance]),
        ("/reconciliations", [AdminRole.Operator, AdminRole.Finance]),
        ("/findings/{finding}/correct", [AdminRole.Finance]),
        ("/orgs/{org}/adjustments/unfreeze", [AdminRole.Finance]),
        ("/orgs/{org}/adjustments/freeze", [AdminRole.Finance]),
        ("/orgs/{org}/proposals/{proposal}/approve", [AdminRole.Finance]),
        ("/orgs/{org}/proposals/{proposal}/reject", [AdminRole.Operator, AdminRole.Finance]),
        ("/ties", [AdminRole.Viewer, AdminRole.Operator, AdminRole.Finance]),
        ("/incidents", [AdminRole.Operator, AdminRole.Finance]),
        ("/incidents/{id}/notes", [AdminRole.Operator, AdminRole.Finance]),
        ("/incidents/{id}/evidence", [AdminRole.Operator, AdminRole.Finance]),
        ("/incidents/{id}/close", [AdminRole.Operator, AdminRole.Finance]),
        ("/webhooks", [AdminRole.Operator]),
        ("/webhooks/{id}/rotate", [AdminRole.Operator]),
        ("/webhooks/{id}/test", [AdminRole.Operator]),
        ("/webhooks/{id}/remove", [AdminRole.Operator]),
        ("/outbox/replay", [AdminRole.Operator]),
        ("/surfaces/{name}/ties", [AdminRole.Viewer, AdminRole.Operator, AdminRole.Finance]),
        ("/costs/replay-dlq", [AdminRole.Operator, AdminRole.Finance]),
    ];

    /// <summary>Reads that are not for everyone.</summary>
    private static readonly string[] AdminReads = ["/tokens"];

    /// <param name="pattern">The endpoint's pattern, with <see cref="ApiEndpoints.Root"/>.</param>
    public static bool Allows(AdminRole role, string method, string pattern)
    {
        if (role == AdminRole.Admin) return true;
        var path = pattern.StartsWith(ApiEndpoints.Root, StringComparison.Ordinal) ? pattern[ApiEndpoints.Root.Length..] : pattern;
        if (HttpMethods.IsGet(method)) return !AdminReads.Contains(path);
        return Changes.FirstOrDefault(change => change.Path == path).Roles?.Contains(role) ?? false;
    }
}
