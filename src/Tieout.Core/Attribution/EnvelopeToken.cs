using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

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

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes and signs an envelope. Equal inputs, equal text.</summary>
    /// <exception cref="ArgumentException">The envelope has a flaw, its times are no whole seconds, or the key is unavailable or not active.</exception>
    public static string Sign(Envelope envelope, KeyMaterial key)
    {
        if (envelope.Flaw() is { } flaw) throw new ArgumentException($"The envelope cannot be issued: {flaw}.", nameof(envelope));
        if (envelope.IssuedAt != FromSeconds(Seconds(envelope.IssuedAt)) || envelope.ExpiresAt != FromSeconds(Seconds(envelope.ExpiresAt))) throw new ArgumentException("An envelope's times are whole seconds.", nameof(envelope));
        if (key.Key.State is not EnvelopeKeyState.Active || key.Signing is null) throw new ArgumentException($"The key {key.Key.Id} does not issue.", nameof(key));
        var text = Sign(Header(key.Key), Claims(envelope), key.Signing);
        Invariant.Holds(text.Length <= LengthMax, "A1");
        return text;
    }

    /// <summary>RFC 7515, section 5.1: BASE64URL(header) . BASE64URL(payload) . BASE64URL(HMAC-SHA256 of what stands before).</summary>
    internal static string Sign(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> key)
    {
        var input = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
        return $"{input}.{Base64Url.EncodeToString(Mac(key, input))}";
    }

    internal static byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<char> input)
    {
        Span<byte> bytes = stackalloc byte[LengthMax];
        return HMACSHA256.HashData(key, bytes[..Encoding.ASCII.GetBytes(input, bytes)]);
    }

    private static long Seconds(Instant at) => at.UnixMicros / Instant.MicrosPerSecond;

    private static Instant FromSeconds(long seconds) => new(seconds * Instant.MicrosPerSecond);

    private static ReadOnlySpan<byte> Header(EnvelopeKey key) => Write(json =>
    {
        json.WriteString("alg", key.Algorithm);
        json.WriteString("kid", key.Id);
        json.WriteString("typ", Type);
    });

    private static ReadOnlySpan<byte> Claims(Envelope envelope) => Write(json =>
    {
        json.WriteNumber("v", Version);
        json.WriteString("aud", envelope.Audience);
        json.WriteNumber("iat", Seconds(envelope.IssuedAt));
        json.WriteNumber("exp", Seconds(envelope.ExpiresAt));
        json.WriteString("org_id", envelope.Org);
        json.WriteString("tenant_id", envelope.Org);
        json.WriteString("originator_id", envelope.Originator);
        json.WriteString("workflow_id", envelope.Workflow);
        json.WriteString("operation_id", envelope.Operation);
        json.WriteString("issuance_id", envelope.Issuance);
        if (envelope.ParentIssuance is { } parent) json.WriteString("parent_issuance_id", parent);
    });

    private static ReadOnlySpan<byte> Write(Action<Utf8JsonWriter> content)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan;
    }

    private static long Number(string digits) => long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
