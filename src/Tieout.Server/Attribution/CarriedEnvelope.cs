using Tieout.Core.Attribution;

namespace Tieout.Server.Attribution;

/// <summary>An envelope as it is passed on, with what its lineage hangs on.</summary>
/// <param name="LineageKey">Of the key that signed it.</param>
internal sealed record CarriedEnvelope(string Token, string Issuance, string KeyId, byte[] LineageKey)
{
    /// <summary>Of the envelope's text (A1).</summary>
    public byte[] TokenSha256 { get; } = Lineage.HashOf(Token);

    /// <summary>What the first step of an operation hangs on.</summary>
    public byte[] Root => Lineage.Root(LineageKey, Issuance, TokenSha256);
}
