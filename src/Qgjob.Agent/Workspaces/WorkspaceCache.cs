using System.Collections.Concurrent;
using System.Text.Json;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Downloads;
using Qgjob.Client.Projects;

namespace Qgjob.Agent.Workspaces;

/// <summary>
/// Projects ready to run: each bundle is unpacked once, and packages are installed once for all bundles that need the
/// same. A workspace's node_modules is a link into the shared folder; node resolves links to the real path, so every
/// package exists once, as Playwright demands.
/// </summary>
internal sealed class WorkspaceCache(string workspaceRoot, string modulesRoot, long limitBytes, TimeProvider time, Random random, CancellationToken lifetime)
{
    private const string Project = "project";
    private const string Modules = "node_modules";
    private readonly CacheFolder _workspaces = new(workspaceRoot, limitBytes, time, lifetime);
    private readonly CacheFolder _modules = new(modulesRoot, limitBytes, time, lifetime);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new();
    private readonly Npm _npm = new(time);

    public void Sweep()
    {
        _workspaces.Sweep();
        _modules.Sweep();
    }

    /// <summary>The bundle's project, unpacked and with its packages.</summary>
    /// <param name="open">Opens the bundle's download.</param>
    /// <exception cref="ProjectErrorException">The bundle or its packages are at fault.</exception>
    /// <exception cref="AttemptInfraException">The network or this host is.</exception>
    public async Task<Workspace> PrepareAsync(
        string sha256, Func<CancellationToken, Task<HttpResponseMessage>> open, PrepareLog log, CancellationToken cancel)
    {
        CacheEntry entry;
        try
        {
            entry = await _workspaces.GetAsync(sha256, (draft, c) => UnpackAsync(draft, sha256, open, log, c), cancel).ConfigureAwait(false);
        }
        catch (DownloadException e)
        {
            throw new AttemptInfraException($"The test bundle could not be downloaded: {e.Message}");
        }
        catch (BundleException e)
        {
            throw new ProjectErrorException(e.Message);
        }

        try
        {
            var folder = Path.Combine(entry.Folder, Project);
            return new Workspace(folder, entry, await InstallAsync(folder, log, cancel).ConfigureAwait(false));
        }
        catch
        {
            entry.Dispose();
            throw;
        }
    }

    private async Task UnpackAsync(
        string draft, string sha256, Func<CancellationToken, Task<HttpResponseMessage>> open, PrepareLog log, CancellationToken cancel)
    {
        log.Say("Fetching the test bundle…");
        var file = Path.Combine(draft, "bundle");
        await Download.ToFileAsync(file, sha256, open, time, random, cancel).ConfigureAwait(false);
        var bundle = File.OpenRead(file);
        await using (bundle.ConfigureAwait(false))
            await Bundle.UnpackAsync(bundle, Path.Combine(draft, Project), new BundleLimits(), cancel).ConfigureAwait(false);
        File.Delete(file);
    }

    /// <returns>The shared packages in use; null when the project has its own.</returns>
    private async Task<CacheEntry?> InstallAsync(string folder, PrepareLog log, CancellationToken cancel)
    {
        NpmProject? project;
        try
        {
            project = NpmProject.Read(folder, await _npm.PlatformAsync(cancel).ConfigureAwait(false));
        }
        catch (JsonException e)
        {
            throw new ProjectErrorException($"package.json or package-lock.json is not valid JSON: {e.Message}");
        }

        if (project is null) throw new ProjectErrorException("The test bundle has no package.json at its top, so appwright cannot be installed.");
        if (!project.HasLock) log.Say("There is no package-lock.json: `npm install` takes the newest packages. Commit a lock file to get the same ones each time.");
        if (!project.IsSharable)
        {
            await InstallInPlaceAsync(project, log, cancel).ConfigureAwait(false);
            return null;
        }

        var modules = await _modules.GetAsync(project.Key, (draft, c) => InstallSharedAsync(project, draft, log, c), cancel).ConfigureAwait(false);
        try
        {
            await LinkAsync(Path.Combine(folder, Modules), Path.Combine(modules.Folder, Modules), cancel).ConfigureAwait(false);
            return modules;
        }
        catch
        {
            modules.Dispose();
            throw;
        }
    }

    private async Task InstallSharedAsync(NpmProject project, string draft, PrepareLog log, CancellationToken cancel)
    {
        foreach (var name in NpmProject.Files)
        {
            var file = Path.Combine(project.Folder, name);
            if (File.Exists(file)) File.Copy(file, Path.Combine(draft, name));
        }

        await InstallAsync(project, draft, log, cancel).ConfigureAwait(false);
        Directory.CreateDirectory(Path.Combine(draft, Modules)); // npm makes none when there is nothing to install.
    }

    /// <summary>For projects whose packages need more than the lock file: in the workspace itself.</summary>
    private async Task InstallInPlaceAsync(NpmProject project, PrepareLog log, CancellationToken cancel)
    {
        var gate = _gates.GetOrAdd(project.Folder, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var mark = Path.Combine(project.Folder, "..", ".qgjob-installed");
            if (File.Exists(mark)) return;
            await InstallAsync(project, project.Folder, log, cancel).ConfigureAwait(false);
            await File.WriteAllTextAsync(mark, "", cancel).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task InstallAsync(NpmProject project, string folder, PrepareLog log, CancellationToken cancel)
    {
        log.Say(project.HasLock ? "npm ci (first time for this lock file)" : "npm install (first time for this package.json)");
        var start = time.GetTimestamp();
        await _npm.InstallAsync(folder, project.HasLock, log.Raw, cancel).ConfigureAwait(false);
        log.Say($"The packages are installed ({time.GetElapsedTime(start).TotalSeconds:0.0} s).");
    }

    private async Task LinkAsync(string link, string target, CancellationToken cancel)
    {
        // Several attempts may start in one workspace at the same time.
        var gate = _gates.GetOrAdd(link, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var there = new DirectoryInfo(link);
            if (there.LinkTarget == target) return;
            if (there.LinkTarget is not null) there.Delete();
            Directory.CreateSymbolicLink(link, target);
        }
        finally
        {
            gate.Release();
        }
    }
}

/// <summary>A project folder in use; not evicted before it is disposed.</summary>
internal sealed class Workspace(string folder, CacheEntry? bundle, CacheEntry? modules) : IDisposable
{
    public string Folder => folder;

    public void Dispose()
    {
        bundle?.Dispose();
        modules?.Dispose();
    }
}

/// <summary>Where preparations tell what they do.</summary>
/// <param name="Say">A line of the agent's own.</param>
/// <param name="Raw">A line of npm's output.</param>
internal sealed record PrepareLog(Action<string> Say, Action<string> Raw);
