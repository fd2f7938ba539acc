namespace Qgjob.Faults.Tests.Processes;

/// <summary>The programs that the tests start: server and command line that were built beside them, and themselves in other roles.</summary>
internal static class Programs
{
    // …/bin/Qgjob.Faults.Tests/release/ → …/bin/Qgjob.Server/release/
    private static readonly DirectoryInfo Own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    public static string Server { get; } = Path.Combine(Own.Parent!.Parent!.FullName, "Qgjob.Server", Own.Name, "qgjob-server");

    public static string Cli { get; } = Path.Combine(Own.Parent!.Parent!.FullName, "Qgjob.Cli", Own.Name, "qgjob");

    /// <summary>What <c>./test versions</c> built of an earlier version: the folder <c>bin</c> of its build.</summary>
    public static string? OfVersionBefore(string project, string program) =>
        Environment.GetEnvironmentVariable("QGJOB_FAULTS_VERSION_BEFORE") is { Length: > 0 } bin ? Path.Combine(bin, project, "release", program) : null;

    /// <summary>Under <c>dotnet test</c> this process may be dotnet itself.</summary>
    public static string Self { get; } = Path.Combine(Own.FullName, "Qgjob.Faults.Tests");
}
