using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;

namespace Qgjob.Client;

/// <summary>The HTTP API (<c>/api/v1</c>), typed.</summary>
/// <remarks>Throws <see cref="ApiException"/> for what the server refuses, <see cref="ServerUnreachableException"/> when it is not there.</remarks>
public sealed partial class QgjobClient(Transport transport) : IDisposable
{
    private const string Api = "/api/v1";

    /// <summary>Events and followed logs that are silent for so long are given up. Event streams say every 15 s that they are there.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(45);

    private static readonly WireJson Json = WireJson.Default;

    /// <summary>The address that calls go to now.</summary>
    public Uri Server => transport.Server;

    /// <summary>Submits a run; the key makes the call repeatable.</summary>
    public Task<RunAccepted> SubmitAsync(SubmitRun run, string idempotencyKey, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/runs", run, Json.SubmitRun, Json.RunAccepted, cancel, repeatable: true,
            headers: new Dictionary<string, string> { ["Idempotency-Key"] = idempotencyKey });

    /// <summary>What a submission would become; nothing is submitted.</summary>
    public Task<RunPlan> PlanAsync(SubmitRun run, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/runs/plan", run, Json.SubmitRun, Json.RunPlan, cancel, repeatable: true);

    /// <summary>Runs a finished run again, or what did not pass of it; the key makes the call repeatable.</summary>
    public Task<RunAccepted> RerunAsync(string runId, RerunOrder order, string idempotencyKey, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/runs/{Escape(runId)}/rerun", order, Json.RerunOrder, Json.RunAccepted, cancel, repeatable: true,
            headers: new Dictionary<string, string> { ["Idempotency-Key"] = idempotencyKey });

    /// <summary>Runs one finished job again, as a run of its own; the key makes the call repeatable.</summary>
    public Task<RunAccepted> RerunJobAsync(string jobId, RerunOrder order, string idempotencyKey, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/jobs/{Escape(jobId)}/rerun", order, Json.RerunOrder, Json.RunAccepted, cancel, repeatable: true,
            headers: new Dictionary<string, string> { ["Idempotency-Key"] = idempotencyKey });

    /// <summary>The run, or null.</summary>
    public Task<RunView?> FindRunAsync(string runId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/runs/{Escape(runId)}", Json.RunView, cancel, missingIsNull: true);

    /// <summary>Runs, newest first.</summary>
    public async Task<ListOf<RunView>> ListRunsAsync(string? orgId, int limit, string? cursor, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/runs{Query(("org_id", orgId), ("limit", $"{limit}"), ("cursor", cursor))}", Json.ListOfRunView, cancel).ConfigureAwait(false))!;

    /// <summary>The job with its attempts, or null.</summary>
    public Task<JobView?> FindJobAsync(string jobId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/jobs/{Escape(jobId)}", Json.JobView, cancel, missingIsNull: true);

    /// <summary>Jobs that match; a run's jobs in the order of submission, others newest first.</summary>
    public async Task<ListOf<JobView>> ListJobsAsync(
        string? orgId, string? runId, string? appVersionId, string? status, int limit, string? cursor, CancellationToken cancel) =>
        (await transport.GetAsync(
            $"{Api}/jobs{Query(("org_id", orgId), ("run_id", runId), ("app_version_id", appVersionId), ("status", status), ("limit", $"{limit}"), ("cursor", cursor))}",
            Json.ListOfJobView, cancel).ConfigureAwait(false))!;

    /// <summary>Cancels a run's unfinished jobs; null when there is no such run.</summary>
    public Task<CancelResult> CancelRunAsync(string runId, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/runs/{Escape(runId)}/cancel", new DeviceOrder(), Json.DeviceOrder, Json.CancelResult, cancel, repeatable: true);

    /// <summary>Cancels a job.</summary>
    public Task<CancelResult> CancelJobAsync(string jobId, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/jobs/{Escape(jobId)}/cancel", new DeviceOrder(), Json.DeviceOrder, Json.CancelResult, cancel, repeatable: true);

    /// <summary>A run's per-test results, or null.</summary>
    public Task<RunResults?> FindRunResultsAsync(string runId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/runs/{Escape(runId)}/results", Json.RunResults, cancel, missingIsNull: true);

    /// <summary>An org's tests with their rates, file by file.</summary>
    /// <param name="orgId">The org.</param>
    /// <param name="testPath">Only of this test file.</param>
    /// <param name="text">Only with this in file or title.</param>
    /// <param name="flaky">Only those that were flaky.</param>
    /// <param name="failing">Only those that failed last.</param>
    /// <param name="limit">A page ends with the file in which it has so many.</param>
    /// <param name="cursor">Goes on where an earlier page ended.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ListOf<TestView>> ListTestsAsync(
        string orgId, string? testPath, string? text, bool flaky, bool failing, int limit, string? cursor, CancellationToken cancel) =>
        (await transport.GetAsync(
            $"{Api}/orgs/{Escape(orgId)}/tests{Query(("test_path", testPath), ("q", text), ("flaky", flaky ? "true" : null), ("failing", failing ? "true" : null), ("limit", $"{limit}"), ("cursor", cursor))}",
            Json.ListOfTestView, cancel).ConfigureAwait(false))!;

    /// <summary>A test's latest runs, or null. <paramref name="project"/> is needed only when several projects have the test.</summary>
    public Task<TestHistoryView?> FindTestHistoryAsync(string orgId, string testPath, string title, string? project, CancellationToken cancel) =>
        transport.GetAsync(
            $"{Api}/orgs/{Escape(orgId)}/tests/history{Query(("test_path", testPath), ("title", title), ("project", project))}", Json.TestHistoryView, cancel, missingIsNull: true);

    /// <summary>A job's per-test results, or null.</summary>
    public Task<JobResults?> FindJobResultsAsync(string jobId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/jobs/{Escape(jobId)}/results", Json.JobResults, cancel, missingIsNull: true);

    /// <summary>
    /// The log of a job's latest attempt (or of <paramref name="attempt"/>) as UTF-8 bytes; with <paramref name="follow"/> open until the attempt ends.
    /// A followed log that does not begin or brings nothing for <see cref="LongestSilence"/> ends with an exception: tests may
    /// be silent, so ask again, from the offset where it stopped.
    /// </summary>
    public Task<HttpResponseMessage> OpenLogAsync(string jobId, int? attempt, bool follow, long offset, CancellationToken cancel)
    {
        var path = $"{Api}/jobs/{Escape(jobId)}/log{Query(("attempt", attempt?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("follow", follow ? "true" : null), ("offset", $"{offset}"))}";
        return follow ? transport.OpenLiveAsync(path, LongestSilence, beats: false, cancel) : transport.OpenAsync(path, cancel);
    }

    /// <summary>Files that a job's attempts left.</summary>
    public async Task<ListOf<ArtifactView>> ListArtifactsAsync(string jobId, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/jobs/{Escape(jobId)}/artifacts", Json.ListOfArtifactView, cancel).ConfigureAwait(false))!;

    /// <summary>One of these files.</summary>
    public Task<HttpResponseMessage> OpenArtifactAsync(string jobId, int attempt, string name, CancellationToken cancel) =>
        transport.OpenAsync($"{Api}/jobs/{Escape(jobId)}/artifacts/{attempt}/{string.Join('/', name.Split('/').Select(Escape))}", cancel);

    /// <summary>Where a run's HTML report stands; has it made.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="waitSeconds">Longest wait for it, at most 20.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<ReportState?> FindReportAsync(string runId, int waitSeconds, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/runs/{Escape(runId)}/report?wait={waitSeconds}", Json.ReportState, cancel, missingIsNull: true);

    /// <summary>The merged report of a run as a file: <c>junit.xml</c>, <c>json</c>, or <c>zip</c>, which is the HTML report once it is made.</summary>
    public Task<HttpResponseMessage> OpenReportAsync(string runId, string form, CancellationToken cancel) =>
        transport.OpenAsync($"{Api}/runs/{Escape(runId)}/report.{form}", cancel);

    /// <summary>Lets an agent finish what it runs and gives it no more; the agent as it is afterwards.</summary>
    public Task<AgentView> DrainAgentAsync(string agentId, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/agents/{Escape(agentId)}/drain", new DeviceOrder(), Json.DeviceOrder, Json.AgentView, cancel, repeatable: true);

    /// <summary>Gives a drained agent work again.</summary>
    public Task<AgentView> ResumeAgentAsync(string agentId, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/agents/{Escape(agentId)}/resume", new DeviceOrder(), Json.DeviceOrder, Json.AgentView, cancel, repeatable: true);

    /// <summary>Events of a run from now on (or after a sequence number), until the run is finished. An <see cref="IOException"/> means that the stream broke off or fell silent: ask again after the last one.</summary>
    public async IAsyncEnumerable<JobEvent> FollowRunAsync(string runId, long after, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await transport.OpenLiveAsync($"{Api}/runs/{Escape(runId)}/events?after={after}", LongestSilence, beats: true, cancel).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        var events = SseParser.Create(stream, (_, data) => data.IsEmpty ? null : JsonSerializer.Deserialize(data, Json.JobEvent));
        await foreach (var item in events.EnumerateAsync(cancel).ConfigureAwait(false))
            if (item.Data is { } happened) yield return happened;
    }

    /// <summary>The app version, or null.</summary>
    public Task<AppVersionView?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/apps/{Escape(orgId)}/{Escape(appVersionId)}", Json.AppVersionView, cancel, missingIsNull: true);

    /// <summary>App versions, newest first.</summary>
    public async Task<ListOf<AppVersionView>> ListAppVersionsAsync(string? orgId, int limit, string? cursor, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/apps{Query(("org_id", orgId), ("limit", $"{limit}"), ("cursor", cursor))}", Json.ListOfAppVersionView, cancel).ConfigureAwait(false))!;

    /// <summary>Uploads a build. The same bytes again are fine; other bytes under the same name are refused (409).</summary>
    public async Task<BuildStored> UploadBuildAsync(
        string orgId, string appVersionId, string fileName, string sha256, HttpContent content, CancellationToken cancel)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await transport.SendBytesAsync(HttpMethod.Put,
            $"{Api}/apps/{Escape(orgId)}/{Escape(appVersionId)}{Query(("sha256", sha256), ("file_name", fileName))}", content, cancel).ConfigureAwait(false);
        return await transport.ReadAsync(response, Json.BuildStored, cancel).ConfigureAwait(false);
    }

    /// <summary>A build's bytes.</summary>
    public Task<HttpResponseMessage> OpenBuildAsync(string orgId, string appVersionId, string sha256, CancellationToken cancel) =>
        transport.OpenAsync($"{Api}/apps/{Escape(orgId)}/{Escape(appVersionId)}/builds/{sha256}", cancel);

    /// <summary>The server has the test bundle.</summary>
    public Task<bool> HasBundleAsync(string orgId, string sha256, CancellationToken cancel) =>
        transport.ExistsAsync($"{Api}/bundles/{Escape(orgId)}/{sha256}", cancel);

    /// <summary>Uploads a test bundle; the server checks the hash.</summary>
    public async Task UploadBundleAsync(string orgId, string sha256, HttpContent content, CancellationToken cancel)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await transport.SendBytesAsync(HttpMethod.Put, $"{Api}/bundles/{Escape(orgId)}/{sha256}", content, cancel).ConfigureAwait(false);
    }

    /// <summary>A test bundle's bytes.</summary>
    public Task<HttpResponseMessage> OpenBundleAsync(string orgId, string sha256, CancellationToken cancel) =>
        transport.OpenAsync($"{Api}/bundles/{Escape(orgId)}/{sha256}", cancel);

    /// <summary>What the server has run in the last days, as a trace for <c>qgjob simulate</c> (CSV).</summary>
    /// <param name="days">How many days back.</param>
    /// <param name="orgId">Only this org's jobs; null for all that the caller may see.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<HttpResponseMessage> OpenTraceAsync(int days, string? orgId, CancellationToken cancel) =>
        transport.OpenAsync($"{Api}/trace{Query(("days", $"{days}"), ("org_id", orgId))}", cancel);

    /// <summary>All devices.</summary>
    public async Task<ListOf<DeviceView>> ListDevicesAsync(CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/devices", Json.ListOfDeviceView, cancel).ConfigureAwait(false))!;

    /// <summary>The device, or null.</summary>
    public Task<DeviceView?> FindDeviceAsync(string deviceId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/devices/{Escape(deviceId)}", Json.DeviceView, cancel, missingIsNull: true);

    /// <summary>Pauses, resumes or releases a device; the device as it is afterwards.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="order"><c>pause</c>, <c>resume</c> or <c>release</c>.</param>
    /// <param name="note">Why; shown to people.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<DeviceView> OrderDeviceAsync(string deviceId, string order, string? note, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/devices/{Escape(deviceId)}/{order}", new DeviceOrder(note), Json.DeviceOrder, Json.DeviceView, cancel, repeatable: true);

    /// <summary>Groups that have jobs waiting or on devices.</summary>
    public async Task<ListOf<GroupView>> ListGroupsAsync(CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/groups", Json.ListOfGroupView, cancel).ConfigureAwait(false))!;

    /// <summary>Orgs that submitted or were given a share, by name.</summary>
    public async Task<ListOf<OrgView>> ListOrgsAsync(CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/orgs", Json.ListOfOrgView, cancel).ConfigureAwait(false))!;

    /// <summary>Sets an org's share and limits, all of them; the org as it is afterwards.</summary>
    public Task<OrgView> SetOrgAsync(string orgId, OrgSettings settings, CancellationToken cancel) =>
        transport.PutAsync($"{Api}/orgs/{Escape(orgId)}", settings, Json.OrgSettings, Json.OrgView, cancel);

    /// <summary>The org's named resources; their values only when asked for.</summary>
    public async Task<ListOf<ResourceView>> ListResourcesAsync(string orgId, bool values, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/orgs/{Escape(orgId)}/resources{Query(("values", values ? "true" : null))}", Json.ListOfResourceView, cancel).ConfigureAwait(false))!;

    /// <summary>Defines a named resource by its units.</summary>
    public Task<ResourceView> SetResourceAsync(string orgId, string name, IReadOnlyList<string> units, CancellationToken cancel) =>
        transport.PutAsync($"{Api}/orgs/{Escape(orgId)}/resources/{Escape(name)}", new ResourceUnits { Units = units }, Json.ResourceUnits, Json.ResourceView, cancel);

    /// <summary>Removes a named resource; false when there is none of that name.</summary>
    public Task<bool> RemoveResourceAsync(string orgId, string name, CancellationToken cancel) =>
        transport.DeleteAsync($"{Api}/orgs/{Escape(orgId)}/resources/{Escape(name)}", cancel);

    /// <summary>The org's tests in quarantine, oldest first, those that have run out among them.</summary>
    public async Task<ListOf<QuarantineView>> ListQuarantineAsync(string orgId, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/orgs/{Escape(orgId)}/quarantine", Json.ListOfQuarantineView, cancel).ConfigureAwait(false))!;

    /// <summary>Puts a test, or several by a pattern, into quarantine; an entry for the same is replaced.</summary>
    public Task<QuarantineView> QuarantineAsync(string orgId, QuarantineOrder order, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/orgs/{Escape(orgId)}/quarantine", order, Json.QuarantineOrder, Json.QuarantineView, cancel);

    /// <summary>Takes an entry out of quarantine; false when there is none of that id.</summary>
    public Task<bool> EndQuarantineAsync(string orgId, string quarantineId, CancellationToken cancel) =>
        transport.DeleteAsync($"{Api}/orgs/{Escape(orgId)}/quarantine/{Escape(quarantineId)}", cancel);

    /// <summary>All agents.</summary>
    public async Task<ListOf<AgentView>> ListAgentsAsync(CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/agents", Json.ListOfAgentView, cancel).ConfigureAwait(false))!;

    /// <summary>The server is there and its store answers.</summary>
    public Task<Health?> HealthAsync(CancellationToken cancel) => transport.GetAsync("/readyz", Json.Health, cancel);

    /// <inheritdoc/>
    public void Dispose() => transport.Dispose();

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> parts)
    {
        var query = new System.Text.StringBuilder();
        foreach (var (name, value) in parts)
            if (value is not null) query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Escape(value));
        return query.ToString();
    }
}
