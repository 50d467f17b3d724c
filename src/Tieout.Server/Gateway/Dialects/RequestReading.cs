using System.Diagnostics.CodeAnalysis;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Result of reading a request's body.</summary>
internal readonly record struct RequestReading
{
    private RequestReading(GatewayRequest? request, GatewayRefusal? refused) => (Request, Refused) = (request, refused);

    [MemberNotNullWhen(true, nameof(Refused))]
    [MemberNotNullWhen(false, nameof(Request))]
    public bool IsRefused => Refused is not null;

    public GatewayRequest? Request { get; }

    /// <summary>Why the body cannot be read; null: it was.</summary>
    public GatewayRefusal? Refused { get; }

    public static RequestReading Of(GatewayRequest request) => new(request, refused: null);

    public static RequestReading Refuse(GatewayRefusal refused) => new(request: null, refused);
}
