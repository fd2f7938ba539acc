using Qgjob.Client.Projects;

namespace Qgjob.Cli.Submission;

/// <summary>Finds the AppWright project that a submission is about.</summary>
internal static class SubmittedProject
{
    /// <param name="currentFolder">Where the person is.</param>
    /// <param name="named">The folder given with <c>--project</c>.</param>
    /// <param name="config">The file given with <c>--config</c>.</param>
    /// <returns>Null when there is none here: the agents may have one.</returns>
    public static string? Find(string currentFolder, string? named, string? config)
    {
        if (named is not null)
        {
            var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named, currentFolder));
            if (!Directory.Exists(folder)) throw CliException.Usage($"--project: there is no folder {folder}.", "Name the folder that holds appwright.config.ts (or .js, .mjs, …).");
            return config is not null || ProjectFolder.HasConfig(folder) ? folder : throw CliException.Usage(
                $"--project: there is no AppWright config in {folder}.", "Name the folder that holds appwright.config.ts (or .js, .mjs, …), or name the config with --config.");
        }
        if (ProjectFolder.Find(currentFolder) is { } found) return found;
        // A config of another name makes its package the project.
        if (config is null || Path.GetFullPath(config, currentFolder) is var file && !File.Exists(file)) return null;
        var own = Path.GetDirectoryName(file)!;
        for (var folder = own; folder is not null; folder = Path.GetDirectoryName(folder))
            if (ProjectFolder.HasConfig(folder) || File.Exists(Path.Combine(folder, "package.json"))) return folder;
        return own;
    }

    /// <summary>The config relative to the project; it is looked for below the current folder first, as tests are.</summary>
    public static string ConfigIn(ProjectSources sources, string config, string currentFolder)
    {
        var packed = sources.OfProject.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var from in new[] { currentFolder, sources.Folder })
        {
            var path = Path.GetRelativePath(sources.Folder, Path.GetFullPath(config, from)).Replace('\\', '/');
            if (packed.Contains(path)) return path;
        }
        throw File.Exists(Path.GetFullPath(config, currentFolder)) || File.Exists(Path.GetFullPath(config, sources.Folder))
            ? CliException.Usage($"--config: {config} is not among the files of the project {sources.Folder}.", $"If .gitignore leaves it out, add --include '{config}'; if it belongs to another project, name that with --project.")
            : CliException.Usage($"--config: there is no {config} in {sources.Folder}.", "Give it relative to the project or to this folder.");
    }
}
