using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation;

/// <summary>A file that is not compared, because some line of it cannot be read for certain.</summary>
internal static class FileRefused
{
    /// <param name="line">From 1; the header is a line.</param>
    public static ApiRefusedException At(long line, string why) => new(ApiError.FileInvalid, $"Line {line}: {why}");

    public static ApiRefusedException Whole(string why) => new(ApiError.FileInvalid, why);
}
