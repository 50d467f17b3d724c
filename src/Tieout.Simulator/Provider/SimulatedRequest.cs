namespace Tieout.Simulator.Provider;

/// <summary>The little that the simulation needs of a request, whatever its dialect.</summary>
/// <param name="UsageAsked">In a stream: whether the last events are to say what was used.</param>
/// <param name="CompletionTokensMax">Of one choice. Null: no limit asked for.</param>
/// <param name="TextBytes">UTF-8 bytes of the prompt's text as sent, JSON escapes counted.</param>
internal sealed record SimulatedRequest(string Model, bool Stream, bool UsageAsked, int? CompletionTokensMax, long TextBytes)
{
    /// <summary>Bounds what one request can have written.</summary>
    public const int ChoicesMax = 128;

    /// <summary>How many answers to the one prompt: choices or images.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>How many texts are to be answered one by one: those to embed or to judge.</summary>
    public int Inputs { get; init; } = 1;

    /// <summary>Names of the tools the answer may call.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Answered at once with a promise; the answer itself is asked for later.</summary>
    public bool Background { get; init; }

    /// <summary>The form of the answer, in the endpoint's own word for it; null: its default.</summary>
    public string? Format { get; init; }

    /// <summary>Numbers in an embedding; null: the endpoint's default.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Unicode characters of a text to be spoken.</summary>
    public int Characters { get; init; }

    /// <summary>Size of an audio file, in place of listening to it.</summary>
    public int AudioBytes { get; init; }
}

/// <summary>The request is not one that a provider would answer: 400 with this message, naming the field.</summary>
internal sealed class SimulatedRequestException(string message, string? field) : Exception(message)
{
    public string? Field { get; } = field;
}
