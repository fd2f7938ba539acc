using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Retention;
using Xunit;

namespace Qgjob.Server.Tests.Retention;

public sealed class RetentionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static int keys;

    /// <summary>Without the ticks of every second in between, of which a month has millions; so only rounds that are asked for take place.</summary>
    private static void Pass(RunningServer server, TimeSpan time) => server.Time.AdjustTime(server.Time.GetUtcNow() + time);

    private static Task<Removed> RoundAsync(RunningServer server) => server.Services.GetRequiredService<RetentionRound>().RunAsync(() => true, Cancel);

    private static async Task<(RunAccepted Run, LeaseRef Lease)> StartAsync(RunningServer server, FakeAgent agent, string org = "acme", string? bundle = null)
    {
        await agent.RegisterAsync();
        var run = await server.Client.SubmitAsync(new SubmitRun { OrgId = org, AppVersionId = "v1", Tests = ["a.spec.js"], BundleSha256 = bundle, QueueTimeoutSeconds = 7 * 24 * 3600 }, NewKey(), Cancel);
        return (run, Assert.Single((await agent.WorkAsync()).Assignments).Lease);
    }

    private static string NewKey() => $"key-{Interlocked.Increment(ref keys)}";

    /// <summary>A job that leaves a log and an artifact.</summary>
    private static async Task<string> LiveAsync(RunningServer server, FakeAgent agent, string org = "acme", int logBytes = 1000)
    {
        var (run, lease) = await StartAsync(server, agent, org);
        await LeaveAsync(server, lease, logBytes);
        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Passed, FakeAgent.Test("one")));
        return run.JobIds[0];
    }

    private static async Task LeaveAsync(RunningServer server, LeaseRef lease, int logBytes = 1000)
    {
        await server.Agent.AppendLogAsync(lease, 0, new byte[logBytes], Cancel);
        await server.Agent.PutArtifactAsync(lease, "video.mp4", new ByteArrayContent([1, 2, 3]), Cancel);
    }

    private static async Task<HttpStatusCode> LogAsync(RunningServer server, string job)
    {
        using var response = await server.Http.GetAsync($"/api/v1/jobs/{job}/log", Cancel);
        return response.StatusCode;
    }

    [Fact]
    public async Task Logs_and_artifacts_go_first_and_later_the_run_and_both_are_said()
    {
        await using var server = await RunningServer.StartAsync();
        var job = await LiveAsync(server, new FakeAgent(server, "lab"));
        Pass(server, TimeSpan.FromDays(29));
        await RoundAsync(server);
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, job));

        Pass(server, TimeSpan.FromDays(2));
        await RoundAsync(server);
        var gone = await server.Http.GetAsync($"/api/v1/jobs/{job}/log", Cancel);
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.Contains("were removed by retention after 30 days", await gone.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Gone, (await Assert.ThrowsAsync<ApiException>(() => server.Client.ListArtifactsAsync(job, Cancel))).Status);
        Assert.Equal(HttpStatusCode.Gone, (await server.Http.GetAsync($"/api/v1/jobs/{job}/artifacts/1/video.mp4", Cancel)).StatusCode);
        Assert.Single((await server.Client.FindJobResultsAsync(job, Cancel))!.Tests);

        Pass(server, TimeSpan.FromDays(60));
        await RoundAsync(server);
        Assert.Null(await server.Client.FindJobAsync(job, Cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Blobs, "attempts")));
        Assert.Empty((await server.Client.ListRunsAsync(null, 10, null, Cancel)).Items);
    }

    [Fact]
    public async Task What_is_not_finished_or_may_still_deliver_stays_however_old()
    {
        await using var server = await RunningServer.StartAsync(null, "--keep", "1h", "--keep-files", "1h", "--lease-ttl", "23h", "--max-disk", "1");
        var agent = new FakeAgent(server, "lab", devices: 2);
        var (canceled, lease) = await StartAsync(server, agent);
        await LeaveAsync(server, lease);
        await server.Client.CancelRunAsync(canceled.RunId, Cancel);
        var (running, other) = await StartAsync(server, agent);
        await LeaveAsync(server, other);
        Pass(server, TimeSpan.FromHours(5));
        await RoundAsync(server);
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, canceled.JobIds[0]));
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, running.JobIds[0]));

        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Canceled));
        Pass(server, TimeSpan.FromMinutes(9));
        await RoundAsync(server);
        await server.Agent.PutArtifactAsync(lease, "late.png", new ByteArrayContent([1]), Cancel);
        Assert.Equal(2, (await server.Client.ListArtifactsAsync(canceled.JobIds[0], Cancel)).Items.Count);

        Pass(server, TimeSpan.FromMinutes(2));
        await RoundAsync(server);
        Assert.Null(await server.Client.FindJobAsync(canceled.JobIds[0], Cancel));
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, running.JobIds[0]));
    }

    [Fact]
    public async Task Beyond_the_room_for_them_the_oldest_files_go()
    {
        await using var server = await RunningServer.StartAsync(null, "--max-disk", "2500");
        var agent = new FakeAgent(server, "lab");
        string[] jobs = [await LiveAsync(server, agent), await LiveAsync(server, agent), await LiveAsync(server, agent)];
        await RoundAsync(server);
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, jobs[0]));

        Pass(server, TimeSpan.FromMinutes(11));
        await RoundAsync(server);
        var gone = await server.Http.GetAsync($"/api/v1/jobs/{jobs[0]}/log", Cancel);
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.Contains("the room for them was used up", await gone.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, jobs[1]));
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, jobs[2]));
    }

    [Fact]
    public async Task Beyond_the_room_bundles_that_no_run_can_need_go_first()
    {
        await using var server = await RunningServer.StartAsync(null, "--max-disk", "2500");
        var sha = new List<string>();
        foreach (var text in new[] { new string('a', 2000), new string('b', 200) })
        {
            sha.Add(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
            await server.Client.UploadBundleAsync("acme", sha[^1], new ByteArrayContent(Encoding.UTF8.GetBytes(text)), Cancel);
            Pass(server, TimeSpan.FromHours(1));
        }
        var job = await LiveAsync(server, new FakeAgent(server, "lab"));
        Pass(server, TimeSpan.FromDays(9));
        await RoundAsync(server);
        Assert.Equal(HttpStatusCode.OK, await LogAsync(server, job));
        Assert.False(await server.Client.HasBundleAsync("acme", sha[0], Cancel));
        // There is room again.
        Assert.True(await server.Client.HasBundleAsync("acme", sha[1], Cancel));
    }

    [Fact]
    public async Task An_org_has_its_own_time_and_its_own_room()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        string[] jobs = [await LiveAsync(server, agent, "short"), await LiveAsync(server, agent, "long"), await LiveAsync(server, agent, "small"), await LiveAsync(server, agent, "usual")];
        Assert.Equal(3, (await server.Client.SetOrgAsync("short", new OrgSettings { KeepDays = 3 }, Cancel)).KeepDays);
        await server.Client.SetOrgAsync("long", new OrgSettings { KeepDays = 365 }, Cancel);
        Assert.Equal(0, (await server.Client.SetOrgAsync("small", new OrgSettings { MaxDiskGb = 0 }, Cancel)).MaxDiskGb);
        Pass(server, TimeSpan.FromDays(4));
        await RoundAsync(server);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.OK, HttpStatusCode.Gone, HttpStatusCode.OK], await Task.WhenAll(jobs.Select(j => LogAsync(server, j))));
        Pass(server, TimeSpan.FromDays(100));
        await RoundAsync(server);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.NotFound], await Task.WhenAll(jobs.Select(j => LogAsync(server, j))));
    }

    [Fact]
    public async Task Bundles_and_builds_go_when_nobody_used_them_for_long()
    {
        await using var server = await RunningServer.StartAsync();
        var sha = new Dictionary<string, string>();
        foreach (var text in new[] { "asked for", "not used", "submitted" })
        {
            sha[text] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            await server.Client.UploadBundleAsync("acme", sha[text], new ByteArrayContent(Encoding.UTF8.GetBytes(text)), Cancel);
        }
        foreach (var build in new[] { "aa11", "bb22" })
        {
            var folder = Directory.CreateDirectory(Path.Combine(server.Blobs, "builds", build[..2]));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, build), "apk", Cancel);
        }
        await server.Services.GetRequiredService<Dispatcher>().SendAsync(
            new PutBuild("acme", "v9", new Build(Platform.Android, "p", "aa11", 3, "a.apk", "1", server.Time.GetUtcNow()), server.Time.GetUtcNow()), Cancel);
        await RoundAsync(server);
        Assert.True(File.Exists(Path.Combine(server.Blobs, "builds", "aa", "aa11")));
        // Nobody names this one.
        Assert.False(File.Exists(Path.Combine(server.Blobs, "builds", "bb", "bb22")));

        Pass(server, TimeSpan.FromDays(50));
        Assert.True(await server.Client.HasBundleAsync("acme", sha["asked for"], Cancel));
        await StartAsync(server, new FakeAgent(server, "lab"), bundle: sha["submitted"]);
        Pass(server, TimeSpan.FromDays(50));
        await RoundAsync(server);
        Assert.False(File.Exists(Path.Combine(server.Blobs, "builds", "aa", "aa11")));
        Assert.True(await server.Client.HasBundleAsync("acme", sha["asked for"], Cancel));
        Assert.False(await server.Client.HasBundleAsync("acme", sha["not used"], Cancel));
        Assert.True(await server.Client.HasBundleAsync("acme", sha["submitted"], Cancel));
    }

    [Fact]
    public async Task Builds_go_when_no_run_that_their_org_keeps_can_need_them()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Client.SetOrgAsync("short", new OrgSettings { KeepDays = 3 }, Cancel);
        var agent = new FakeAgent(server, "lab");
        foreach (var (org, build) in new[] { ("short", "aa11"), ("usual", "bb22") })
        {
            var folder = Directory.CreateDirectory(Path.Combine(server.Blobs, "builds", build[..2]));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, build), "apk", Cancel);
            await server.Services.GetRequiredService<Dispatcher>().SendAsync(
                new PutBuild(org, "v1", new Build(Platform.Android, "p", build, 3, "a.apk", "1", server.Time.GetUtcNow()), server.Time.GetUtcNow()), Cancel);
        }
        bool Has(string build) => File.Exists(Path.Combine(server.Blobs, "builds", build[..2], build));
        Pass(server, TimeSpan.FromDays(9));
        // The last use counts: a run that is kept, and one that is not finished, need their build.
        await LiveAsync(server, agent, "short");
        Pass(server, TimeSpan.FromDays(9));
        var (_, lease) = await StartAsync(server, agent, "short");
        Pass(server, TimeSpan.FromDays(10.5));
        await RoundAsync(server);
        Assert.True(Has("aa11"));
        await agent.FinishAsync(lease);
        Pass(server, TimeSpan.FromDays(10));
        await RoundAsync(server);
        Assert.True(Has("aa11"));
        Pass(server, TimeSpan.FromDays(1.5));
        await RoundAsync(server);
        Assert.False(Has("aa11"));
        Assert.True(Has("bb22"));
    }

    [Fact]
    public async Task Files_that_no_job_owns_go_and_a_server_without_work_removes_by_itself()
    {
        await using var server = await RunningServer.StartAsync();
        var orphan = Directory.CreateDirectory(Path.Combine(server.Blobs, "attempts", "j-none", "1"));
        await File.WriteAllTextAsync(Path.Combine(orphan.FullName, "log"), "x", Cancel);
        var job = await LiveAsync(server, new FakeAgent(server, "lab"));
        Pass(server, TimeSpan.FromDays(31));
        // Its own rounds, not one that is asked for.
        var limit = TimeProvider.System.GetTimestamp();
        while (Directory.Exists(orphan.Parent!.FullName) || await LogAsync(server, job) is HttpStatusCode.OK)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(limit) < TimeSpan.FromSeconds(60), "the service removed nothing");
            server.Time.Advance(TimeSpan.FromMinutes(5));
        }
    }
}
