namespace Tieout.Server.Api;

/// <summary>What the caller sent cannot be meant. The message is one sentence for the caller.</summary>
internal sealed class InvalidInputException(string message) : Exception(message);
