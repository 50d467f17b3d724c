using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Tieout.Server.Http;

/// <summary>Packed bodies: of requests, and of providers' answers.</summary>
internal static class ContentCoding
{
    /// <summary>What a caller is told whose coding is not known.</summary>
    public static string NotKnown(string coding) => $"The Content-Encoding '{Inputs.Shown(coding)}' is not supported. Use gzip, deflate, br or zstd, or none.";

    /// <summary>8 MiB, which RFC 8878 asks of every reader. The sender chooses the window, and it is memory of ours.</summary>
    private const int ZstdWindowBits = 23;

    /// <summary>Whether a Content-Encoding says that nothing is packed.</summary>
    public static bool IsNone(string coding) => coding is "" || coding.Equals("identity", StringComparison.OrdinalIgnoreCase);

    /// <summary>A body as it was before it was packed. A few packed bytes may be gigabytes: whoever reads bounds what it reads.</summary>
    /// <returns>Null: the coding is not known, or is more than one.</returns>
    public static Stream? Unpack(string coding, Stream packed) => coding.Trim().ToLowerInvariant() switch
    {
        "gzip" or "x-gzip" => new UnpackedBody(new GZipStream(packed, CompressionMode.Decompress), "gzip"),
        "deflate" => new UnpackedBody(new ZLibStream(packed, CompressionMode.Decompress), "deflate"),
        "br" => new UnpackedBody(new BrotliStream(packed, CompressionMode.Decompress), "br"),
        "zstd" => new UnpackedBody(Zstd(packed), "zstd"),
        _ => null,
    };

    private static DecompressionStream Zstd(Stream packed)
    {
        var stream = new DecompressionStream(packed, leaveOpen: false);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, ZstdWindowBits);
        return stream;
    }

    /// <summary>Reads on, and says in one way that a body is not what its head says.</summary>
    private sealed class UnpackedBody(Stream unpacking, string coding) : ForwardStream
    {
        /// <exception cref="WronglyPackedException">It is not packed so, or is cut off.</exception>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await unpacking.ReadAsync(buffer, cancellationToken);
            }
            catch (Exception error) when (error is InvalidDataException or InvalidOperationException or ZstdException or EndOfStreamException)
            {
                throw new WronglyPackedException(coding, error);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) unpacking.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A body is not packed as its Content-Encoding says.</summary>
internal sealed class WronglyPackedException(string coding, Exception inner)
    : IOException($"The body is not the {coding} that Content-Encoding says it is.", inner);
