namespace Tieout.Server.Tests.Errors.Golden;

/// <summary>The servers that samples are sent to. Each is configured so that some codes can be reached.</summary>
internal enum GoldenServer
{
    /// <summary>A gateway with every dialect, envelopes, and approvals above 100 EUR.</summary>
    Standard,

    /// <summary>Small limits of the governor.</summary>
    Tight,

    /// <summary>No envelope secret; one wrong credential is free.</summary>
    Bare,
}

/// <summary>One request and, in <c>tests/golden/errors</c>, the exact answer to it.</summary>
/// <param name="Name">The code. A dot and the dialect follow where the answer has another form than the API's.</param>
/// <param name="State">The state that the request needs, in one sentence.</param>
/// <param name="Request">Method and address, headers, an empty line, the body. <c>{name}</c> is a value of the world.</param>
/// <param name="Before">Makes the state; null: a new server has it.</param>
internal sealed record GoldenSample(string Name, string State, string Request, Func<GoldenWorld, Task>? Before = null)
{
    public GoldenServer Server { get; init; }

    /// <summary>Whether the request is sent without a credential.</summary>
    public bool Anonymous { get; init; }

    public string Code => Name.Split('.')[0];
}
