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
    private readonly CacheFolder workspaces = new(workspaceRoot, limitBytes, time, lifetime);
    // Also holds the package managers that npm fetched.
    private readonly CacheFolder modules = new(modulesRoot, limitBytes, time, lifetime);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> gates = new();
    private PackageInstall? packages;

    private PackageInstall Packages => packages ??= new PackageInstall(modules, time);

    public void Sweep()
    {
        workspaces.Sweep();
        modules.Sweep();
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
            entry = await workspaces.GetAsync(sha256, (draft, c) => UnpackAsync(draft, sha256, open, log, c), cancel).ConfigureAwait(false);
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
            var top = Path.Combine(entry.Folder, Project);
            var layout = BundleLayout.Read(top);
            var modules = await InstallAsync(Path.Combine(top, layout.Install), log, cancel).ConfigureAwait(false);
            return new Workspace(Path.Combine(top, layout.Project), entry, modules);
        }
        catch (BundleException e)
        {
            entry.Dispose();
            throw new ProjectErrorException(e.Message);
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

    /// <param name="folder">The project or the root of its workspace.</param>
    /// <returns>The shared packages in use; null when the project has its own.</returns>
    private async Task<CacheEntry?> InstallAsync(string folder, PrepareLog log, CancellationToken cancel)
    {
        InstallPlan? plan;
        try
        {
            plan = InstallPlan.Read(folder, await Packages.PlatformAsync(cancel).ConfigureAwait(false));
        }
        catch (JsonException e)
        {
            throw new ProjectErrorException($"package.json or package-lock.json is not valid JSON: {e.Message}");
        }

        if (plan is null) throw new ProjectErrorException("The test bundle has no package.json for the project, so appwright cannot be installed.");
        if (plan.Manager.LockFile is null)
            log.Say($"There is no lock file: `{PackageInstall.Command(plan.Manager)}` takes the newest packages. Commit one to get the same ones each time.");
        if (!plan.IsSharable)
        {
            await OnceAsync(plan, () => InstallAsync(plan, plan.Folder, log, cancel), cancel).ConfigureAwait(false);
            return null;
        }

        var modules = await this.modules.GetAsync(plan.Key, (draft, c) => InstallSharedAsync(plan, draft, log, c), cancel).ConfigureAwait(false);
        try
        {
            if (plan.IsWorkspace) await OnceAsync(plan, () => CloneAsync(plan, modules.Folder, cancel), cancel).ConfigureAwait(false);
            else await LinkAsync(Path.Combine(folder, Modules), Path.Combine(modules.Folder, Modules), cancel).ConfigureAwait(false);
            return modules;
        }
        catch
        {
            modules.Dispose();
            throw;
        }
    }

    private async Task InstallSharedAsync(InstallPlan plan, string draft, PrepareLog log, CancellationToken cancel)
    {
        foreach (var name in plan.Inputs)
        {
            var copy = Path.Combine(draft, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(plan.Folder, name), copy);
        }

        await InstallAsync(plan, draft, log, cancel).ConfigureAwait(false);
        Directory.CreateDirectory(Path.Combine(draft, Modules)); // npm makes none when there is nothing to install.
    }

    /// <summary>
    /// A workspace's packages refer to each other by relative links, which must lead to this bundle's files: so each of its
    /// node_modules is copied into place, by hard links.
    /// </summary>
    private async Task CloneAsync(InstallPlan plan, string shared, CancellationToken cancel)
    {
        foreach (var folder in plan.Inputs.Where(i => Path.GetFileName(i) == "package.json").Select(i => Path.GetDirectoryName(i)!))
        {
            var from = Path.Combine(shared, folder, Modules);
            var to = Path.Combine(plan.Folder, folder, Modules);
            if (Directory.Exists(to)) Directory.Delete(to, recursive: true); // From a try that was cut short.
            if (Directory.Exists(from)) await Packages.CloneAsync(from, to, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>For what is done in the workspace itself, once per bundle.</summary>
    private async Task OnceAsync(InstallPlan plan, Func<Task> work, CancellationToken cancel)
    {
        var gate = gates.GetOrAdd(plan.Folder, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            // Beside the packages, so that it goes with them; the key, because Node may have changed since.
            var mark = Path.Combine(plan.Folder, Modules, ".qgjob-installed");
            if (File.Exists(mark) && await File.ReadAllTextAsync(mark, cancel).ConfigureAwait(false) == plan.Key) return;
            await work().ConfigureAwait(false);
            Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
            await File.WriteAllTextAsync(mark, plan.Key, cancel).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task InstallAsync(InstallPlan plan, string folder, PrepareLog log, CancellationToken cancel)
    {
        log.Say($"{PackageInstall.Command(plan.Manager)} (first time for this {(plan.Manager.LockFile is null ? "package.json" : "lock file")})");
        var start = time.GetTimestamp();
        await Packages.InstallAsync(plan.Manager, folder, log.Raw, cancel).ConfigureAwait(false);
        log.Say($"The packages are installed ({time.GetElapsedTime(start).TotalSeconds:0.0} s).");
    }

    private async Task LinkAsync(string link, string target, CancellationToken cancel)
    {
        // Several attempts may start in one workspace at the same time.
        var gate = gates.GetOrAdd(link, _ => new SemaphoreSlim(1, 1));
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
