using System.Reflection;
using Tieout.Server.Tenancy;

namespace Tieout.Console.Frame;

/// <summary>Marks a page that needs no session.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AnonymousPageAttribute : Attribute;

/// <summary>Who may see a page. A page that says nothing is for every role of the platform, and for no key of an org.</summary>
internal static class PageAccess
{
    /// <param name="page">Null: an address of the framework's own, which shows nothing.</param>
    public static Access Of(Type? page) =>
        page is null || page.GetCustomAttribute<AnonymousPageAttribute>() is not null ? Access.Anonymous : Access.EveryRole;
}
