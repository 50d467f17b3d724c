namespace Tieout.Tests;

/// <summary>Where the repository and the shared data lie, found from the test's own folder upwards.</summary>
internal static class Repo
{
    public static string Root { get; } = FindRoot();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>A file of the data that lies beside the repository. Absent: fails in CI, skips visibly on a desk.</summary>
    public static string SharedData(string relative)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(Root, "..", "shared", "data", relative));
        if (File.Exists(path)) return path;
        if (Environment.GetEnvironmentVariable("CI") == "true") throw new FileNotFoundException($"CI needs {relative} in ../shared/data.", path);
        Assert.Skip($"../shared/data/{relative} is not here.");
        return path;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Tieout.slnx"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException("Tieout.slnx is in no folder above the tests.");
    }
}
