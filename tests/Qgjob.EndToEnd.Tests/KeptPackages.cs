using System.Diagnostics;
using Xunit;

[assembly: AssemblyFixture(typeof(Qgjob.EndToEnd.Tests.KeptPackages))]

namespace Qgjob.EndToEnd.Tests;

/// <summary>
/// The packages that agents have installed for projects, handed from one lab's agent to the next one's by hard links: installing them takes
/// half a minute, which the first lab with a project spends and no later one needs to.
/// </summary>
public sealed class KeptPackages : IDisposable
{
    // What an agent leaves beside its entries while it makes one.
    private const string Draft = ".draft";

    private static readonly string Folder = Directory.CreateTempSubdirectory("qgjob-packages-").FullName;

    /// <summary>Before an agent's first start.</summary>
    /// <param name="home">The agent's data folder.</param>
    internal static void GiveTo(string home)
    {
        var packages = In(home);
        if (Directory.Exists(packages)) return;
        Directory.CreateDirectory(packages);
        Copy(Folder, packages);
    }

    /// <summary>After an agent's end.</summary>
    internal static void TakeFrom(string home)
    {
        if (Directory.Exists(In(home))) Copy(In(home), Folder);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string In(string home) => Path.Combine(home, "node-modules");

    private static void Copy(string from, string to)
    {
        foreach (var entry in Directory.EnumerateDirectories(from).Where(e => !e.EndsWith(Draft, StringComparison.Ordinal)))
        {
            var target = Path.Combine(to, Path.GetFileName(entry));
            if (Directory.Exists(target)) continue;
            using var copy = Process.Start("cp", ["-al", entry, target]);
            copy.WaitForExit();
            if (copy.ExitCode != 0) throw new IOException($"cp -al {entry} {target} ended with exit code {copy.ExitCode}");
        }
    }
}
