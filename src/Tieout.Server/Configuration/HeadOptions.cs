namespace Tieout.Server.Configuration;

/// <summary>Where signed heads of the ledger go, and how often.</summary>
/// <param name="KeyFile">Holds the key on its first line: 32 characters or more.</param>
public sealed record HeadOptions(string KeyFile)
{
    /// <summary>A head is appended to this file, which should be on another machine's disk; null: to none.</summary>
    public string? File { get; init; }

    /// <summary>A head is put to this address by HTTP PUT, as object stores take it; null: to none.</summary>
    public Uri? Put { get; init; }

    /// <summary>A head is posted to this address by HTTP POST, as webhooks take it; null: to none.</summary>
    public Uri? Post { get; init; }

    /// <summary>Sent with PUT and POST as a bearer token; null: none is.</summary>
    public string? Token { get; init; }

    /// <summary>After so many commits a head is written, though <see cref="Every"/> is not over.</summary>
    public long EveryCommits { get; init; } = 1_000;

    /// <summary>After this time a head is written, if there was a commit.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Not the token.</summary>
    public override string ToString() => $"heads to {File ?? Put?.Host ?? Post?.Host}";
}

/// <summary>Reads <c>heads</c> of <c>tieout.yaml</c>.</summary>
internal static class HeadYaml
{
    public static HeadOptions Heads(YamlPlace place)
    {
        var members = place.Members("key_file", "file", "put", "post", "token", "every_commits", "every");
        if (!members.TryGetValue("key_file", out var key))
        {
            throw place.Wrong("'heads' needs 'key_file': a file with 32 random characters or more, such as 'openssl rand -hex 32' prints");
        }

        var options = new HeadOptions(key.Text());
        if (members.TryGetValue("file", out var file)) options = options with { File = file.Text() };
        if (members.TryGetValue("put", out var put)) options = options with { Put = Url(put) };
        if (members.TryGetValue("post", out var post)) options = options with { Post = Url(post) };
        if (members.TryGetValue("token", out var token)) options = options with { Token = token.Text().Trim() };
        if (members.TryGetValue("every_commits", out var commits)) options = options with { EveryCommits = commits.Count(1_000_000_000) };
        if (members.TryGetValue("every", out var every)) options = options with { Every = every.Duration() };
        return options is { File: null, Put: null, Post: null } ? throw place.Wrong("'heads' needs a place outside the store: file, put or post") : options;
    }

    private static Uri Url(YamlPlace place) =>
        Uri.TryCreate(place.Text(), UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "", Fragment: "", Host.Length: > 0 }
            ? url
            : throw place.Wrong("the address must be http:// or https:// with a host, and without a user");
}
