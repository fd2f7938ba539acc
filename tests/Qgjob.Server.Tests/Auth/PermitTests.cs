using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Server.Auth;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

/// <summary>Nobody with an org's token gets at another org's things, at any endpoint that there is.</summary>
public sealed class PermitTests
{
    /// <summary>What takes the server's own token. Whoever adds an endpoint gives it a Permit, or adds it here.</summary>
    private static readonly string[] OwnersAlone =
    [
        "DELETE /api/v1/orgs/{org}/hooks/{name}",
        "DELETE /api/v1/orgs/{org}/quarantine/{quarantine_id}",
        "DELETE /api/v1/orgs/{org}/resources/{name}",
        "GET /",
        "GET /api/v1/orgs/",
        "GET /api/v1/orgs/{org}/hooks/",
        "GET /api/v1/orgs/{org}/hooks/{name}/deliveries",
        "GET /api/v1/orgs/{org}/resources/",
        "GET /api/v1/trace",
        "POST /agent/v1/finish",
        "POST /agent/v1/left-out",
        "POST /agent/v1/log",
        "POST /agent/v1/progress",
        "POST /agent/v1/register",
        "POST /agent/v1/renew",
        "POST /agent/v1/reports/{task_id}/alive",
        "POST /agent/v1/reports/{task_id}/failed",
        "POST /agent/v1/work",
        "POST /api/v1/agents/{agent_id}/drain",
        "POST /api/v1/agents/{agent_id}/resume",
        "POST /api/v1/devices/{device_id}/pause",
        "POST /api/v1/devices/{device_id}/release",
        "POST /api/v1/devices/{device_id}/resume",
        "POST /api/v1/orgs/{org}/hooks/{name}/deliveries/{delivery_id}/redeliver",
        "POST /api/v1/orgs/{org}/hooks/{name}/test",
        "POST /api/v1/orgs/{org}/quarantine/",
        "PUT /agent/v1/artifacts/{**name}",
        "PUT /agent/v1/reports/{task_id}",
        "PUT /api/v1/orgs/{org}",
        "PUT /api/v1/orgs/{org}/hooks/{name}",
        "PUT /api/v1/orgs/{org}/resources/{name}",
    ];

    private static readonly string[] OfNoOrg =
        ["GET /healthz", "GET /readyz", "GET /api/v1/agents/", "GET /api/v1/devices/", "GET /api/v1/devices/{device_id}", "GET /openapi/{documentName}.json"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_endpoint_says_who_may_call_it_and_where_its_org_is()
    {
        await using var server = await RunningServer.StartAsync();
        var endpoints = EndpointsOf(server);
        Assert.Equal(OwnersAlone, endpoints.Where(e => e.Permit is null).Select(e => e.Name).Order(StringComparer.Ordinal));
        foreach (var (name, route, permit) in endpoints)
        {
            if (permit is null) continue;
            var from = route.RoutePattern.Parameters.Select(p => p.Name).ToList() switch
            {
                var p when p.Contains("job_id") => OrgFrom.Job,
                var p when p.Contains("run_id") => OrgFrom.Run,
                var p when p.Contains("org") => OrgFrom.Path,
                _ => permit.Org,
            };
            Assert.True(permit.Org == from, $"{name}: its org is in {from}, not in {permit.Org}");
            if (!name.StartsWith("GET ", StringComparison.Ordinal) && !name.StartsWith("HEAD ", StringComparison.Ordinal)) Assert.Equal(Role.Submitter, permit.Least);
            // A list shows everything unless it is limited: only these are nobody's in particular.
            if (permit.Org is OrgFrom.Nothing)
                Assert.True(OfNoOrg.Contains(name) || name.Contains("/scalar", StringComparison.Ordinal), $"{name}: say where its org is, or add it to {nameof(OfNoOrg)}");
        }
    }

    [Fact]
    public async Task Nothing_of_another_org_is_shown_or_touched_at_any_endpoint()
    {
        await using var server = await OidcServer.StartAsync();
        var theirs = await SubmitAsync(server, "other");
        var ours = await SubmitAsync(server, "acme");
        var (submitter, viewer) = (server.Submitter(), server.Viewer());
        foreach (var (name, route, permit) in EndpointsOf(server.Server))
        {
            var (method, body) = (new HttpMethod(name.Split(' ')[0]), new StringContent(Body(route, "other"), Encoding.UTF8, "application/json"));
            var path = Path(route, theirs, "other") + (permit?.Org is OrgFrom.Query ? "?org_id=other" : "");
            var (status, detail) = await server.SendAsync(method, path, submitter, method.Method is "GET" or "HEAD" ? null : body);
            var expected = permit switch
            {
                null => 403,
                { Org: OrgFrom.Job or OrgFrom.Run } => 404,
                { Org: OrgFrom.Path or OrgFrom.Query or OrgFrom.Body } => 403,
                _ => 0,
            };
            if (expected != 0) Assert.True(status == expected, $"{name} for another org: {status}, not {expected}: {detail}");
            Assert.DoesNotContain(theirs.RunId, detail.Replace($"'{theirs.RunId}'", "", StringComparison.Ordinal), StringComparison.Ordinal);

            if (permit is { Least: Role.Submitter })
            {
                (status, detail) = await server.SendAsync(method, Path(route, ours, "acme"), viewer, new StringContent(Body(route, "acme"), Encoding.UTF8, "application/json"));
                Assert.True(status == 403 && detail.Contains("It takes a submitter", StringComparison.Ordinal), $"{name} for a viewer: {status} {detail}");
            }
        }
        Assert.Equal(JobStatus.Queued, (await server.Owner.FindJobAsync(theirs.JobIds[0], Cancel))!.Status);

        // The answer for another org's id is the answer for none.
        Assert.Equal(
            (await server.GetAsync("/api/v1/jobs/j-none", submitter)).Detail.Replace("j-none", "X", StringComparison.Ordinal),
            (await server.GetAsync("/api/v1/jobs/" + theirs.JobIds[0], submitter)).Detail.Replace(theirs.JobIds[0], "X", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/api/v1/runs")]
    [InlineData("/api/v1/jobs")]
    [InlineData("/api/v1/jobs?org_id=acme")]
    [InlineData("/api/v1/groups")]
    [InlineData("/api/v1/jobs?run_id=THEIRS")]
    public async Task Lists_show_the_callers_org_alone(string path)
    {
        await using var server = await OidcServer.StartAsync();
        var theirs = await SubmitAsync(server, "other");
        await SubmitAsync(server, "acme");
        var (status, body) = await server.GetAsync(path.Replace("THEIRS", theirs.RunId, StringComparison.Ordinal), server.Viewer());
        Assert.Equal(200, status);
        var items = JsonDocument.Parse(body).RootElement.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(path.Contains("THEIRS", StringComparison.Ordinal) ? 0 : 1, items.Count);
        Assert.All(items, i => Assert.Equal("acme", i.GetProperty("org_id").GetString()));
        foreach (var query in new[] { "org_id=other", "org_id=acme&org_id=other", "ORG_ID=other" })
            Assert.InRange((await server.GetAsync($"{path.Split('?')[0]}?{query}", server.Viewer())).Status, 400, 403);
        Assert.Equal(200, (await server.GetAsync(path.Split('?')[0], OidcServer.Token)).Status);
    }

    [Fact]
    public async Task Devices_are_everybodys_but_not_what_others_do_on_them()
    {
        await using var server = await OidcServer.StartAsync();
        var theirs = await SubmitAsync(server, "other");
        await server.OwnerAgent.RegisterAsync(new RegisterRequest("lab", "b", "lab", "1", null,
            [new DeviceOffer("lab/phone", Target.Device, Platform.Android, "13", "Pixel 7", [], [new ResidentBuild("x.y", "ab", "other", "1.0-secret")], Virtual: true)]), Cancel);
        await server.OwnerAgent.WorkAsync(new WorkRequest("lab", "b", ["lab/phone"], [], 0), Cancel);
        Assert.Contains("1.0-secret", (await server.GetAsync("/api/v1/devices", OidcServer.Token)).Detail, StringComparison.Ordinal);
        foreach (var path in new[] { "/api/v1/devices", "/api/v1/devices/lab%2Fphone" })
        {
            var (status, body) = await server.GetAsync(path, server.Viewer());
            Assert.Equal(200, status);
            Assert.Contains("lab/phone", body, StringComparison.Ordinal);
            Assert.DoesNotContain(theirs.JobIds[0], body, StringComparison.Ordinal);
            Assert.DoesNotContain("1.0-secret", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_submitter_does_its_orgs_work_from_upload_to_cancel()
    {
        await using var server = await OidcServer.StartAsync();
        var token = server.Submitter();
        var bundle = Encoding.UTF8.GetBytes("a bundle");
        var sha = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bundle));
        var content = new ByteArrayContent(bundle);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Assert.Equal(201, (await server.SendAsync(HttpMethod.Put, $"/api/v1/bundles/acme/{sha}", token, content)).Status);
        var (status, body) = await server.SendAsync(HttpMethod.Post, "/api/v1/runs", token, new StringContent(
            $$"""{"org_id":"acme","app_version_id":"1","tests":["a.spec.js"],"bundle_sha256":"{{sha}}"}""", Encoding.UTF8, "application/json"));
        Assert.True(status == 201, body);
        var run = JsonDocument.Parse(body).RootElement.GetProperty("run_id").GetString();
        foreach (var path in new[] { $"/runs/{run}", $"/runs/{run}/results", $"/runs/{run}/report.json", $"/runs/{run}/report.junit.xml", $"/bundles/acme/{sha}", "/apps", "/agents" })
            Assert.Equal(200, (await server.GetAsync("/api/v1" + path, token)).Status);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Post, $"/api/v1/runs/{run}/cancel", token)).Status);
        Assert.Equal(200, (await server.GetAsync($"/api/v1/runs/{run}/events", token)).Status);
        Assert.Equal(405, (await server.SendAsync(HttpMethod.Delete, $"/api/v1/runs/{run}", token)).Status);
        Assert.Equal(404, (await server.GetAsync("/api/v1/nothing", token)).Status);
    }

    private static Task<RunAccepted> SubmitAsync(OidcServer server, string org) =>
        server.Owner.SubmitAsync(new SubmitRun { OrgId = org, AppVersionId = "1", Tests = ["a.spec.js"] }, "key-" + org, Cancel);

    private static string Body(RouteEndpoint route, string org) => route.Metadata.GetMetadata<Permit>()?.Org is OrgFrom.Body
        ? route.RoutePattern.RawText!.Contains("runs", StringComparison.Ordinal)
            ? $$"""{"org_id":"{{org}}","app_version_id":"1","tests":["a.spec.js"]}"""
            : $$"""{"org_id":"{{org}}","app_version_id":"1","test_path":"a.spec.js"}"""
        : "{}";

    private static string Path(RouteEndpoint route, RunAccepted run, string org) => "/" + string.Join('/', route.RoutePattern.PathSegments.Select(s =>
        string.Concat(s.Parts.Select(part => part switch
        {
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter => parameter.Name switch
            {
                "run_id" => run.RunId,
                "job_id" => run.JobIds[0],
                "org" => org,
                "attempt" => "1",
                "sha256" => new string('a', 64),
                "documentName" => "v1",
                _ => "x",
            },
            _ => throw new System.Diagnostics.UnreachableException(),
        }))));

    private static List<(string Name, RouteEndpoint Route, Permit? Permit)> EndpointsOf(RunningServer server) =>
        [.. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                .Select(m => ($"{m} /{e.RoutePattern.RawText!.TrimStart('/')}", e, e.Metadata.GetMetadata<Permit>())))];
}
