using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution;

/// <summary>An envelope as text: JWS compact (RFC 7515), HMAC-SHA256, in the closed profile of docs/specs/envelope.md.</summary>
public static partial class EnvelopeToken
{
    /// <summary>Characters. The longest names that are allowed fit.</summary>
    public const int LengthMax = 2048;

    /// <summary>The <c>typ</c> of the profile.</summary>
    public const string Type = "tieout-envelope+jwt";

    internal const int Version = 1;

    private const int SignatureBytes = 32;

    /// <summary>Writes and signs an envelope. Equal inputs, equal text.</summary>
    /// <exception cref="ArgumentException">The envelope has a flaw, its times are no whole seconds, or the key is unavailable or not active.</exception>
    public static string Sign(Envelope envelope, KeyMaterial key)
    {
        if (envelope.Validate() is { } flaw) throw new ArgumentException($"The envelope cannot be issued: {flaw}.", nameof(envelope));
        if (envelope.IssuedAt != FromSeconds(Seconds(envelope.IssuedAt)) || envelope.ExpiresAt != FromSeconds(Seconds(envelope.ExpiresAt)))
        {
            throw new ArgumentException("An envelope's times are whole seconds.", nameof(envelope));
        }

        if (key.Key.State is not EnvelopeKeyState.Active || key.Signing is null)
        {
            throw new ArgumentException($"The key {key.Key.Id} does not issue.", nameof(key));
        }

        // Names need no escaping, so the JSON can be written as it stands: this runs once a request.
        Span<byte> header = stackalloc byte[LengthMax];
        Span<byte> claims = stackalloc byte[LengthMax];
        var text = Sign(header[..Header(key.Key, header)], claims[..Claims(envelope, claims)], key.Signing);
        Invariant.Holds(text.Length <= LengthMax, "A1");
        return text;
    }

    /// <summary>RFC 7515, section 5.1: BASE64URL(header) . BASE64URL(payload) . BASE64URL(HMAC-SHA256 of what stands before).</summary>
    internal static string Sign(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> key)
    {
        var length = Base64Url.GetEncodedLength(header.Length) + Base64Url.GetEncodedLength(payload.Length) + Base64Url.GetEncodedLength(SignatureBytes) + 2;
        var text = length <= LengthMax ? stackalloc byte[LengthMax] : new byte[length];
        var end = Base64Url.EncodeToUtf8(header, text);
        text[end++] = (byte)'.';
        end += Base64Url.EncodeToUtf8(payload, text[end..]);
        Span<byte> signature = stackalloc byte[SignatureBytes];
        HMACSHA256.HashData(key, text[..end], signature);
        text[end++] = (byte)'.';
        end += Base64Url.EncodeToUtf8(signature, text[end..]);
        return Encoding.ASCII.GetString(text[..end]);
    }

    internal static byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<char> input)
    {
        Span<byte> bytes = stackalloc byte[LengthMax];
        return HMACSHA256.HashData(key, bytes[..Encoding.ASCII.GetBytes(input, bytes)]);
    }

    private static long Seconds(Instant at) => at.UnixMicros / Instant.MicrosPerSecond;

    private static Instant FromSeconds(long seconds) => new(seconds * Instant.MicrosPerSecond);

    private static int Header(EnvelopeKey key, Span<byte> json)
    {
        Invariant.Holds(Names.IsValid(key.Id), "A1");
        Utf8.TryWrite(json, CultureInfo.InvariantCulture, $$"""{"alg":"{{key.Algorithm}}","kid":"{{key.Id}}","typ":"{{Type}}"}""", out var length);
        return length;
    }

    private static int Claims(Envelope envelope, Span<byte> json)
    {
        Utf8.TryWrite(
            json, CultureInfo.InvariantCulture,
            $$"""{"v":{{Version}},"aud":"{{envelope.Audience}}","iat":{{Seconds(envelope.IssuedAt)}},"exp":{{Seconds(envelope.ExpiresAt)}},"org_id":"{{envelope.Org}}","tenant_id":"{{envelope.Org}}","originator_id":"{{envelope.Originator}}","workflow_id":"{{envelope.Workflow}}","operation_id":"{{envelope.Operation}}","issuance_id":"{{envelope.Issuance}}""",
            out var length);
        if (envelope.ParentIssuance is { } parent) length += Append(json[length..], $"\",\"parent_issuance_id\":\"{parent}");
        if (envelope.ApiKey is { } key) length += Append(json[length..], $"\",\"api_key_id\":\"{key}");
        return length + Append(json[length..], $"\"}}");
    }

    private static int Append(Span<byte> json, [InterpolatedStringHandlerArgument(nameof(json))] Utf8.TryWriteInterpolatedStringHandler part)
    {
        Utf8.TryWrite(json, ref part, out var written);
        return written;
    }

    private static long Number(string digits) => long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
