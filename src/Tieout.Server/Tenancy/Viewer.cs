namespace Tieout.Server.Tenancy;

/// <summary>Who reads a figure. Everything that shows a record asks for one, so that nobody shows a tenant what is the platform's by forgetting to think of
/// it.</summary>
internal enum Viewer
{
    /// <summary>Sees what providers take, findings and messages.</summary>
    Platform,

    /// <summary>An org by its key: sees its own usage and charges, never what providers take for them.</summary>
    Tenant,
}
