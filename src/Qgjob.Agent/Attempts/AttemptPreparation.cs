using Qgjob.Agent.AppWright;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Attempts;

/// <summary>Brings the build and the project onto this host.</summary>
/// <param name="ownWorkspace">The project for jobs without a bundle.</param>
internal sealed class AttemptPreparation(
    QgjobClient client, CacheFolder builds, WorkspaceCache workspaces, string? ownWorkspace, TimeProvider time, Random random)
{
    /// <summary>Both at the same time.</summary>
    /// <exception cref="ProjectErrorException">The project cannot be run.</exception>
    /// <exception cref="AttemptInfraException">The network or this host is at fault.</exception>
    public async Task<Prepared> PrepareAsync(Assignment assignment, PrepareLog log, CancellationToken cancel)
    {
        var spec = assignment.Spec;
        var build = BuildAsync(assignment, log, cancel);
        var workspace = WorkspaceAsync(spec.OrgId, spec.BundleSha256, log, cancel);
        try
        {
            await Task.WhenAll(build, workspace).ConfigureAwait(false);
            var (file, entry) = await build.ConfigureAwait(false);
            return new Prepared(await workspace.ConfigureAwait(false), file, entry);
        }
        catch
        {
            if (build.IsCompletedSuccessfully) (await build.ConfigureAwait(false)).Entry?.Dispose();
            if (workspace.IsCompletedSuccessfully) (await workspace.ConfigureAwait(false)).Dispose();
            throw;
        }
    }

    private async Task<(BuildFile? File, CacheEntry? Entry)> BuildAsync(Assignment assignment, PrepareLog log, CancellationToken cancel)
    {
        var spec = assignment.Spec;
        if (assignment.Builds.FirstOrDefault(b => b.Platform == Platform.Android) is not { } build)
        {
            return assignment.Builds.Count == 0
                ? (null, null)
                : throw new ProjectErrorException($"App version {spec.AppVersionId} has no build for Android.");
        }

        const string name = "app.apk"; // adb insists on the ending.
        // The install limit covers the download; whoever else waits for it goes on waiting.
        using var clock = new CancellationTokenSource(TimeSpan.FromSeconds(spec.Limits.InstallSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            var entry = await builds.GetAsync(build.Sha256, async (draft, c) =>
            {
                log.Say($"Fetching the build {build.FileName} ({ByteSize.Text(build.SizeBytes)})…");
                await Download.ToFileAsync(
                    Path.Combine(draft, name), build.Sha256, o => client.OpenBuildAsync(spec.OrgId, spec.AppVersionId, build.Sha256, o), time, random, c).ConfigureAwait(false);
            }, either.Token).ConfigureAwait(false);
            return (new BuildFile(Path.Combine(entry.Folder, name), build.Sha256, build.PackageId), entry);
        }
        catch (DownloadException e)
        {
            throw new AttemptInfraException($"The build {build.FileName} could not be downloaded: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new InstallLimitException($"The build was not downloaded within the install limit of {spec.Limits.InstallSeconds} s.");
        }
    }

    /// <summary>The project alone; disposing it lets it go.</summary>
    /// <param name="bundleSha256">Null takes the agent's own.</param>
    /// <exception cref="ProjectErrorException">The project cannot be run.</exception>
    /// <exception cref="AttemptInfraException">The network or this host is at fault.</exception>
    public async Task<Workspace> WorkspaceAsync(string orgId, string? bundleSha256, PrepareLog log, CancellationToken cancel)
    {
        if (bundleSha256 is { } sha256)
            return await workspaces.PrepareAsync(sha256, c => client.OpenBundleAsync(orgId, sha256, c), log, cancel).ConfigureAwait(false);
        if (ownWorkspace is null)
        {
            throw new ProjectErrorException(
                "The job came without a test bundle, and this agent has no workspace of its own. Submit from the project (qgjob submit --project DIR), or start the agent with --workspace DIR.");
        }

        // Somebody's own folder: nothing is installed into it unasked.
        if (!Directory.Exists(Path.Combine(ownWorkspace, "node_modules")))
            throw new ProjectErrorException($"The agent's workspace {ownWorkspace} has no node_modules. Run `npm ci` there.");
        return new Workspace(Path.GetFullPath(ownWorkspace), null, null);
    }
}

/// <summary>What an attempt needs, in use until it is disposed.</summary>
/// <param name="Build">Null when the project's own buildPath is used.</param>
internal sealed record Prepared(Workspace Workspace, BuildFile? Build, CacheEntry? BuildEntry) : IDisposable
{
    public void Dispose()
    {
        Workspace.Dispose();
        BuildEntry?.Dispose();
    }
}

/// <summary>Getting the build took longer than the job allows.</summary>
internal sealed class InstallLimitException(string message) : Exception(message);
