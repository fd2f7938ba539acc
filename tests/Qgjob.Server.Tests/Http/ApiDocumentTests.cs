using System.Text.Json;
using Xunit;

namespace Qgjob.Server.Tests.Http;

public sealed class ApiDocumentTests
{
    [Fact]
    public async Task The_document_lists_every_call()
    {
        await using var server = await RunningServer.StartAsync();
        var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken));
        var calls = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(m => $"{m.Name.ToUpperInvariant()} {p.Name}")).Order(StringComparer.Ordinal);
        Assert.Equal(
            """
            DELETE /api/v1/orgs/{org}/hooks/{name}
            DELETE /api/v1/orgs/{org}/quarantine/{quarantine_id}
            DELETE /api/v1/orgs/{org}/resources/{name}
            GET /api/v1/agents
            GET /api/v1/apps
            GET /api/v1/apps/{org}/{app_version_id}
            GET /api/v1/apps/{org}/{app_version_id}/builds/{sha256}
            GET /api/v1/bundles/{org}/{sha256}
            GET /api/v1/devices
            GET /api/v1/devices/{device_id}
            GET /api/v1/groups
            GET /api/v1/jobs
            GET /api/v1/jobs/{job_id}
            GET /api/v1/jobs/{job_id}/artifacts
            GET /api/v1/jobs/{job_id}/artifacts/{attempt}/{name}
            GET /api/v1/jobs/{job_id}/events
            GET /api/v1/jobs/{job_id}/log
            GET /api/v1/jobs/{job_id}/results
            GET /api/v1/orgs
            GET /api/v1/orgs/{org}/hooks
            GET /api/v1/orgs/{org}/hooks/{name}/deliveries
            GET /api/v1/orgs/{org}/quarantine
            GET /api/v1/orgs/{org}/resources
            GET /api/v1/orgs/{org}/tests
            GET /api/v1/orgs/{org}/tests/history
            GET /api/v1/runs
            GET /api/v1/runs/{run_id}
            GET /api/v1/runs/{run_id}/deliveries
            GET /api/v1/runs/{run_id}/events
            GET /api/v1/runs/{run_id}/report
            GET /api/v1/runs/{run_id}/report.html
            GET /api/v1/runs/{run_id}/report.json
            GET /api/v1/runs/{run_id}/report.junit.xml
            GET /api/v1/runs/{run_id}/report.zip
            GET /api/v1/runs/{run_id}/report/{file}
            GET /api/v1/runs/{run_id}/results
            GET /api/v1/trace
            GET /healthz
            GET /readyz
            HEAD /api/v1/apps/{org}/{app_version_id}/builds/{sha256}
            HEAD /api/v1/bundles/{org}/{sha256}
            POST /agent/v1/finish
            POST /agent/v1/left-out
            POST /agent/v1/log
            POST /agent/v1/progress
            POST /agent/v1/register
            POST /agent/v1/renew
            POST /agent/v1/reports/{task_id}/alive
            POST /agent/v1/reports/{task_id}/failed
            POST /agent/v1/work
            POST /api/v1/agents/{agent_id}/drain
            POST /api/v1/agents/{agent_id}/resume
            POST /api/v1/devices/{device_id}/pause
            POST /api/v1/devices/{device_id}/release
            POST /api/v1/devices/{device_id}/resume
            POST /api/v1/jobs
            POST /api/v1/jobs/{job_id}/cancel
            POST /api/v1/jobs/{job_id}/rerun
            POST /api/v1/orgs/{org}/hooks/{name}/deliveries/{delivery_id}/redeliver
            POST /api/v1/orgs/{org}/hooks/{name}/test
            POST /api/v1/orgs/{org}/quarantine
            POST /api/v1/runs
            POST /api/v1/runs/plan
            POST /api/v1/runs/{run_id}/cancel
            POST /api/v1/runs/{run_id}/rerun
            PUT /agent/v1/artifacts/{name}
            PUT /agent/v1/reports/{task_id}
            PUT /api/v1/apps/{org}/{app_version_id}
            PUT /api/v1/bundles/{org}/{sha256}
            PUT /api/v1/orgs/{org}
            PUT /api/v1/orgs/{org}/hooks/{name}
            PUT /api/v1/orgs/{org}/resources/{name}
            """.ReplaceLineEndings("\n"), string.Join('\n', calls));
        var job = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("JobView").GetProperty("properties");
        Assert.True(job.TryGetProperty("app_version_id", out _));
    }

    [Fact]
    public async Task The_page_about_it_needs_no_other_host()
    {
        await using var server = await RunningServer.StartAsync();
        var page = await server.Http.GetStringAsync("/scalar/", TestContext.Current.CancellationToken);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.True((await server.Http.GetAsync("/scalar/scalar.js", TestContext.Current.CancellationToken)).IsSuccessStatusCode);
    }
}
