namespace Tieout.Server.Gateway.References;

/// <summary>Addresses in requests that lead either to the public internet or to what a provider's account keeps.</summary>
internal static class StoredAddress
{
    private const string Files = "/files/";

    /// <summary>Whether anybody could read it. An address at Google's own APIs, or of a bucket, is read with the provider account's rights.</summary>
    public static bool IsPublic(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address is { UserInfo: "" }
        && !address.IdnHost.TrimEnd('.').EndsWith("googleapis.com", StringComparison.OrdinalIgnoreCase) && !IsFileOfApi(address);

    /// <summary><c>files/abc</c> of <c>https://.../v1beta/files/abc</c>; anything else as it is.</summary>
    public static string IdOf(string text)
    {
        var at = text.IndexOf(Files, StringComparison.Ordinal);
        return at < 0 ? text : text[(at + 1)..];
    }

    private static bool IsFileOfApi(Uri address) =>
        address.AbsolutePath.StartsWith("/v1", StringComparison.Ordinal) && address.AbsolutePath.Contains(Files, StringComparison.Ordinal);
}
