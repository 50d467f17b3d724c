using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Our keys at one provider, which no answer of it may carry further: every answer passes here where it enters, whatever its path and
/// status.</summary>
internal sealed class ProviderSecrets
{
    /// <summary>What is shorter is a placeholder for providers that want none (<c>EMPTY</c>, <c>ollama</c>), and a word that answers may contain.</summary>
    private const int LengthMin = 8;

    private readonly ImmutableArray<(string Text, byte[] Bytes)> _secrets;

    public ProviderSecrets(IEnumerable<string> keys) =>
        _secrets = [.. keys.Where(key => key.Length >= LengthMin)
            .SelectMany(Forms).Distinct(StringComparer.Ordinal).OrderByDescending(key => key.Length).Select(key => (key, Encoding.UTF8.GetBytes(key)))];

    /// <summary>The longest of them, in bytes; 0: there is none.</summary>
    public int LengthMax => _secrets.IsEmpty ? 0 : _secrets[0].Bytes.Length;

    /// <summary>The body of an answer, with stars over every one of them as it is read.</summary>
    public Stream Conceal(Stream body) => _secrets.IsEmpty ? body : new ConcealedStream(body, this);

    /// <summary>Puts stars over every one of them, at once.</summary>
    public void Conceal(HttpHeaders headers)
    {
        List<(string Name, string[] Values)>? concealed = null;
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
            {
                if (!HasSecret(value)) continue;
                (concealed ??= []).Add((name, [.. values.Select(Concealed)]));
                break;
            }
        }

        if (concealed is null) return;
        foreach (var (name, values) in concealed)
        {
            headers.Remove(name);
            headers.TryAddWithoutValidation(name, values);
        }
    }

    /// <summary>Puts stars over every one of them.</summary>
    /// <returns>How many bytes at the end may be the beginning of one, and must wait for what comes next.</returns>
    public int Conceal(Span<byte> bytes)
    {
        var open = 0;
        foreach (var (_, secret) in _secrets)
        {
            for (var rest = bytes; rest.IndexOf(secret) is var at and >= 0; rest = rest[(at + secret.Length)..]) rest.Slice(at, secret.Length).Fill((byte)'*');
            open = Math.Max(open, OpenAtEnd(bytes, secret));
        }

        return open;
    }

    private static int OpenAtEnd(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> secret)
    {
        // Vectorized, because every piece of every answer comes here.
        var rest = bytes[^Math.Min(bytes.Length, secret.Length - 1)..];
        while (rest.IndexOf(secret[0]) is var at and >= 0)
        {
            rest = rest[at..];
            if (secret.StartsWith(rest)) return rest.Length;
            rest = rest[1..];
        }

        return 0;
    }

    /// <summary>As it is, and as JSON and addresses write it.</summary>
    private static IEnumerable<string> Forms(string key) => [key, key.Replace("/", "\\/", StringComparison.Ordinal), Uri.EscapeDataString(key)];

    private bool HasSecret(string value)
    {
        foreach (var (secret, _) in _secrets)
        {
            if (value.Contains(secret, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    private string Concealed(string value) =>
        _secrets.Aggregate(value, static (text, secret) => text.Replace(secret.Text, new string('*', secret.Text.Length), StringComparison.Ordinal));
}
