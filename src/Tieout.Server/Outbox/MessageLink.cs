using System.Text;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Http;

namespace Tieout.Server.Outbox;

/// <summary>Where a reader of a message finds what it is about: a resource of the API, at the address that callers use (<c>public_url</c>).</summary>
internal static class MessageLink
{
    /// <param name="publicUrl">Null: callers' address is not configured, and the server's own may lead nowhere from outside.</param>
    /// <param name="org">Empty: the message is the platform's.</param>
    /// <param name="data">The message's own JSON.</param>
    /// <returns>Null: no address is configured, or the message is about no resource.</returns>
    public static string? Of(Uri? publicUrl, string type, string org, string data) =>
        publicUrl is not null && PathOf(type, org, data) is { } path ? $"{publicUrl.AbsoluteUri.TrimEnd('/')}{ApiPath.Root}{path}" : null;

    private static string? PathOf(string type, string org, string data)
    {
        var ofOrg = org.Length > 0 ? $"/orgs/{Uri.EscapeDataString(org)}" : "";
        return type switch
        {
            "budget.threshold" or "budget.exhausted" => $"{ofOrg}/budgets",
            "balance.insufficient" => $"{ofOrg}/balance",
            "finding.opened" or "finding.ended" => $"{ofOrg}/findings",
            "invoice.issued" or "credit_note.issued" => Named($"{ofOrg}/documents", data, "document"),
            "period.closed" => Named($"{ofOrg}/invoices", data, "through"),
            "runtime.retired" => Named($"{ofOrg}/runtimes", data, "app_instance_id"),
            "org.opened" => ofOrg,
            "mitigation.set" or "mitigation.removed" or "mitigation.expired" => Named($"{ofOrg}/mitigations", data, "id"),
            "incident.opened" or "incident.escalated" or "incident.follow_up" => Named("/incidents", data, "incident"),
            "alert.drift" or "alert.drift_resolved" => "/surfaces",
            "alert.contract_burn_fast" or "alert.contract_burn_slow" => $"{Named("/contracts", data, "scope")}/completeness",
            "alert.cost_spike" => $"{Named("/orgs", data, "scope")}/spike",
            "alert.component_spike" => $"/spike?asset={Uri.EscapeDataString(NameIn(data, "scope").Split('/')[0])}",
            "alert.rule" => Named($"{ofOrg}/alert-rules", data, "rule"),
            "alert.resolved" when org.Length > 0 => Named($"{ofOrg}/alert-rules", data, "rule"),
            _ when org.Length == 0 && type.StartsWith("alert.", StringComparison.Ordinal) => "/health/detail",
            _ => null,
        };
    }

    /// <summary>The resource by its name in the message; the list of them where there is none.</summary>
    private static string Named(string list, string data, string member)
    {
        var name = NameIn(data, member);
        return name.Length == 0 ? list : $"{list}/{Uri.EscapeDataString(name)}";
    }

    private static string NameIn(string data, string member) =>
        Encoding.UTF8.GetString(JsonMember.Text(Encoding.UTF8.GetBytes(data), Encoding.ASCII.GetBytes(member)));
}
