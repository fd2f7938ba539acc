namespace Qgjob.EndToEnd.Tests;

/// <summary>The checkout that the tests were built from: its programs are what the tests run.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();
    public static string Todo => Path.Combine(Root, "examples", "todo");
    public static string Qgjob => Path.Combine(Root, "qgjob");
    /// <summary>What <see cref="Qgjob"/> builds and runs.</summary>
    public static string QgjobFolder => Path.Combine(Root, "artifacts", "bin", "Qgjob.Cli", "release");
    public static string Server => Path.Combine(Root, "qgjob-server");
    public static string Run => Path.Combine(Root, "run");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "qgjob.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"No checkout above {AppContext.BaseDirectory}.");
    }
}
