using System.Collections.Concurrent;
using System.Text.Json;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.AppWright;

/// <summary>The projects of each config, listed once per config and kept.</summary>
internal sealed class ProjectLists(TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<(string File, DateTime Written), IReadOnlyList<ConfiguredProject>> known = new();

    /// <exception cref="ProjectErrorException">The config does not load.</exception>
    public async Task<IReadOnlyList<ConfiguredProject>> GetAsync(
        PlaywrightProject project, TestProcess process, AttemptFiles files, Action<string> log, CancellationToken cancel)
    {
        var key = (project.ConfigFile, File.GetLastWriteTimeUtc(project.ConfigFile));
        if (this.known.TryGetValue(key, out var known)) return known;
        var list = Path.Combine(files.Folder, "projects.json");
        ShortRunResult result;
        try
        {
            result = await ShortRun.RunAsync(process.List(list), Limit, null, time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new ProjectErrorException($"The config did not load within {Limit.TotalSeconds:0} s.");
        }

        if (!File.Exists(list))
        {
            log(result.Output);
            throw new ProjectErrorException($"The config does not load:\n{ReporterEvents.Plain(result.Output).Trim()}");
        }

        var projects = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(list, cancel).ConfigureAwait(false), ConfigJson.Default.ListConfiguredProject) ?? [];
        return this.known[key] = projects;
    }
}
