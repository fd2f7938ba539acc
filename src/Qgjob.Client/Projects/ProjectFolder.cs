namespace Qgjob.Client.Projects;

/// <summary>Finds AppWright projects.</summary>
public static class ProjectFolder
{
    private static readonly string[] ConfigNames =
        ["appwright.config.ts", "appwright.config.js", "appwright.config.mjs", "appwright.config.cjs", "appwright.config.mts", "appwright.config.cts"];

    /// <summary>The folder or the nearest one above it that holds an AppWright config; null when there is none.</summary>
    public static string? Find(string start)
    {
        for (var folder = Path.GetFullPath(start); folder is not null; folder = Path.GetDirectoryName(folder))
            if (HasConfig(folder)) return folder;
        return null;
    }

    /// <summary>The folder holds an AppWright config.</summary>
    public static bool HasConfig(string folder) => ConfigNames.Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>A file of this name, in the project's own folder, is its config.</summary>
    public static bool IsConfig(string name) => ConfigNames.Contains(name);
}

/// <summary>One file of a project.</summary>
/// <param name="Path">Relative to the project, with forward slashes.</param>
/// <param name="FullPath">Where it is.</param>
/// <param name="SizeBytes">Its length; 0 for a link.</param>
/// <param name="Executable">Its owner may run it.</param>
/// <param name="LinkTarget">For a symbolic link: where it points, relative to its own folder, with forward slashes.</param>
/// <param name="Content">What is packed in place of the file's own bytes; null for those.</param>
public sealed record ProjectFile(string Path, string FullPath, long SizeBytes, bool Executable, string? LinkTarget = null, ReadOnlyMemory<byte>? Content = null);

/// <summary>A project or a bundle cannot be packed or unpacked; the message says why and what to do.</summary>
public sealed class BundleException(string message) : Exception(message);
