namespace Tieout.Cli;

/// <summary>What a command's end means. Scripts branch on it, so it is the same with and without <c>--json</c>.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>It worked, and found something: findings, failed checks, refused requests.</summary>
    public const int Findings = 1;

    /// <summary>What was asked cannot be meant, or is not allowed.</summary>
    public const int Usage = 2;

    /// <summary>The server or the store cannot be reached or used.</summary>
    public const int Unreachable = 3;
}
