namespace Tieout.Server.Http;

/// <summary>Where the API is.</summary>
public static class ApiPath
{
    public const string Root = "/api/v1";
}
