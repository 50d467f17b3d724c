using System.Globalization;

namespace Tieout.Client;

/// <summary>What travels with an operation: its envelope, untouched, and beside it what changes from try to try.</summary>
/// <remarks>
/// The envelope is a sealed letter: it is passed on byte for byte and never read, parsed or made anew here (promise A1). The attempt number is
/// outside it for that reason.
/// </remarks>
/// <param name="Envelope">As it was received or issued; null: none yet, and the gateway issues one.</param>
/// <param name="Operation">The operation's id; null: the envelope's, or a new one.</param>
/// <param name="Attempt">From 1.</param>
public sealed record OperationContext(string? Envelope, string? Operation = null, int Attempt = 1)
{
    public const string EnvelopeHeader = "Tieout-Envelope";
    public const string OperationHeader = "Tieout-Operation";
    public const string AttemptHeader = "Tieout-Attempt";

    private static readonly AsyncLocal<OperationContext?> Ambient = new();

    /// <summary>The one that the current flow of calls is in; null: none.</summary>
    public static OperationContext? Current => Ambient.Value;

    /// <summary>The same operation, tried once more: the same envelope, the next number.</summary>
    public OperationContext NextAttempt() => this with { Attempt = Attempt + 1 };

    /// <summary>Makes it the <see cref="Current"/> one until what is returned is disposed of.</summary>
    public IDisposable Enter()
    {
        var before = Ambient.Value;
        Ambient.Value = this;
        return new Leaving(before);
    }

    /// <summary>Puts it into the headers (attributes, properties) of a queue message. What stood there under these names is replaced.</summary>
    public void WriteTo(IDictionary<string, string> headers)
    {
        foreach (var name in headers.Keys.Where(IsOurs).ToList()) headers.Remove(name);
        if (Envelope is not null) headers[EnvelopeHeader] = Envelope;
        if (Operation is not null) headers[OperationHeader] = Operation;
        headers[AttemptHeader] = Attempt.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Takes it out of the headers of a queue message. Names are compared without case: some brokers change it.</summary>
    /// <exception cref="FormatException">A header is there twice, or the attempt is no number from 1: such a message is not to be worked on.</exception>
    public static OperationContext ReadFrom(IEnumerable<KeyValuePair<string, string>> headers)
    {
        string? envelope = null, operation = null, attempt = null;
        foreach (var (name, value) in headers)
        {
            if (Is(name, EnvelopeHeader)) envelope = Once(envelope, value, name);
            else if (Is(name, OperationHeader)) operation = Once(operation, value, name);
            else if (Is(name, AttemptHeader)) attempt = Once(attempt, value, name);
        }

        if (attempt is null) return new(envelope, operation);
        return int.TryParse(attempt, NumberStyles.None, CultureInfo.InvariantCulture, out var no) && no > 0
            ? new(envelope, operation, no)
            : throw new FormatException($"{AttemptHeader} is not a number from 1.");
    }

    /// <summary>What the gateway's answer says: the envelope that was used or issued, for whatever the operation does next.</summary>
    public static OperationContext From(HttpResponseMessage response) => new(Only(response, EnvelopeHeader), Only(response, OperationHeader));

    /// <summary>Not the envelope: it is a credential.</summary>
    public override string ToString() => $"{Operation ?? "operation"}, attempt {Attempt}";

    private static string? Only(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) && values.Count == 1 ? values.ToString() : null;

    private static string Once(string? before, string value, string name) =>
        before is null ? value : throw new FormatException($"{name} occurs twice.");

    private static bool IsOurs(string name) => Is(name, EnvelopeHeader) || Is(name, OperationHeader) || Is(name, AttemptHeader);

    private static bool Is(string name, string ours) => string.Equals(name, ours, StringComparison.OrdinalIgnoreCase);

    private sealed class Leaving(OperationContext? before) : IDisposable
    {
        public void Dispose() => Ambient.Value = before;
    }
}
