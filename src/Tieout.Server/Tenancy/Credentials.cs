using System.Net;
using System.Text;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;

namespace Tieout.Server.Tenancy;

/// <summary>Finds who holds a credential, at every door with the same brake on guesses.</summary>
internal sealed class Credentials(AdminToken admin, CurrentKeys keys, GuessTable guesses)
{
    private const string NotKnown = "The key or token is unknown, blocked, revoked or expired.";
    private const string Mistyped = "The key or token is mistyped or cut off: its last 6 characters are not the checksum of the others. Copy it again, whole.";

    /// <param name="secret">At most <see cref="AccessProtocol.SecretLengthMax"/> characters.</param>
    /// <param name="unidentified">The error of the door for a credential that nobody has.</param>
    /// <param name="caller">Set unless the credential is refused.</param>
    public AccessRefusal? Identify(string secret, IPAddress? address, ApiError unidentified, out Caller? caller)
    {
        caller = null;
        if (guesses.Wait(address, secret) is { } pause)
        {
            return new(ApiError.TooManyAttempts,
                "Too many wrong credentials with this beginning came from this address, so this one was not looked up. Try again after the time in Retry-After.", pause);
        }

        if (SecretForm.IsMistyped(secret)) return Wrong(guesses.Count(address, guess: null), unidentified, Mistyped);
        Span<byte> bytes = stackalloc byte[AccessProtocol.SecretLengthMax * 3];
        if (Encoding.UTF8.TryGetBytes(secret, bytes, out var length))
        {
            var known = keys.Get();
            caller = known.Find(bytes[..length]) is { } spender ? spender.Caller
                : known.FindToken(bytes[..length]) is { } token ? new Caller(Org: null, token.Role, token.Id) { Person = token.Name ?? token.Id }
                : admin.Matches(secret) ? Caller.Root
                : null;
        }

        return caller is null ? Wrong(guesses.Count(address, secret), unidentified, NotKnown) : caller.Spender?.Refuse(address);
    }

    /// <param name="wait">How long the address should wait; null: it need not.</param>
    private static AccessRefusal Wrong(TimeSpan? wait, ApiError unidentified, string why) => wait is null ? new(unidentified, why)
        : new(ApiError.TooManyAttempts, $"{why} Too many wrong credentials came from this address: wait for the time in Retry-After.", wait);
}
