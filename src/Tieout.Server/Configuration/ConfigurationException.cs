namespace Tieout.Server.Configuration;

/// <summary>The configuration says something that cannot be meant. The message is one sentence for the person who wrote it, with file, line and column.</summary>
public sealed class ConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
