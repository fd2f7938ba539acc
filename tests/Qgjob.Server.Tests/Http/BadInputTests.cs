using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Qgjob.Server.Tests.Http;

public sealed class BadInputTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A job body with one more (or another) field; what must be named; a word of the message.</summary>
    public static TheoryData<string, string, string> Jobs => new()
    {
        { "\"test_paths\":[]", "test_paths", "unknown field" },
        { "\"org_id\":5", "org_id", "a text" },
        { "\"org_id\":null", "org_id", "missing" },
        { "\"org_id\":\"\"", "org_id", "missing" },
        { "\"org_id\":\"a b\"", "org_id", "only letters" },
        { "\"org_id\":\"ü\"", "org_id", "only letters" },
        { "\"org_id\":\"..\"", "org_id", "dots" },
        { "\"org_id\":\"\\u0000\"", "org_id", "only letters" },
        { "\"org_id\":\"\\ud800\"", "org_id", "a text" },
        { $"\"org_id\":\"{new string('x', 129)}\"", "org_id", "128" },
        { "\"app_version_id\":[]", "app_version_id", "a text" },
        { "\"test_path\":\"/etc/passwd\"", "test_path", "relative" },
        { "\"test_path\":\"C:/x.js\"", "test_path", "relative" },
        { "\"test_path\":\"a/../../b\"", "test_path", "'..'" },
        { "\"test_path\":\"a\\\\b\"", "test_path", "forward slashes" },
        { "\"test_path\":\"a\\u0000b\"", "test_path", "U+0000" },
        { "\"test_path\":\"  \"", "test_path", "missing" },
        { $"\"test_path\":\"{new string('x', 1025)}\"", "test_path", "1024" },
        { "\"target\":\"toaster\"", "target", "any, device, emulator, browserstack" },
        { "\"platform\":\"windows\"", "platform", "android, ios" },
        { "\"reset\":1", "reset", "clear, reinstall, none" },
        { "\"device\":\"os>=thirteen\"", "device", "compares with a version" },
        { "\"device\":\"colour=red\"", "device", "unknown field 'colour'" },
        { "\"priority\":\"hot\"", "priority", "low, normal, high, urgent" },
        { "\"priority\":11", "priority", "-10 to 10" },
        { "\"priority\":1e400", "priority", "whole number" },
        { "\"max_attempts\":0", "max_attempts", "1 to 10" },
        { "\"max_attempts\":99999999999999999999", "max_attempts", "whole number" },
        { "\"max_attempts\":1.5", "max_attempts", "whole number" },
        { "\"infra_attempts\":11", "infra_attempts", "1 to 10" },
        { "\"timeout_seconds\":604801", "timeout_seconds", "1 to 604800" },
        { "\"queue_timeout_seconds\":0", "queue_timeout_seconds", "1 to 604800" },
        { "\"test_retries\":-1", "test_retries", "0 to 10" },
        { "\"env\":{\"A-B\":\"x\"}", "env", "letters, digits" },
        { "\"env\":{\"A\":1}", "env.A", "a text" },
        { "\"env\":{\"A\":null}", "env.A", "a text" },
        { "\"env\":{\"A\":\"\\u0000\"}", "env.A", "U+0000" },
        { "\"env\":[]", "env", "an object of texts" },
        { "\"meta\":{\"\":\"x\"}", "meta", "empty" },
        { "\"grep\":\"a\\nb\"", "grep", "U+000A" },
        { "\"config\":\"../x\"", "config", "'..'" },
        { "\"bundle_sha256\":\"abc\"", "bundle_sha256", "64 digits" },
        { $"\"bundle_sha256\":\"{new string('a', 64)}\"", "bundle_sha256", "upload it first" },
        { "\"needs\":\"account\"", "needs", "a list" },
        { "\"needs\":[null]", "needs[0]", "missing" },
        { "\"needs\":[\"a b\"]", "needs[0]", "only letters" },
        { "\"needs\":[\"account\"]", "needs", "qgjob resources set account --org-id o" },
        { "\"needs\":[\"a\",\"a\"]", "needs", "listed twice" },
        { "\"needs\":[\"a-1\",\"A:1\"]", "needs", "QGJOB_RESOURCE_A_1" },
        { "\"needs\":[\"a-1\"],\"env\":{\"QGJOB_RESOURCE_A_1\":\"x\"}", "env.QGJOB_RESOURCE_A_1", "cannot be set" },
        { "\"supersede\":\" \"", "supersede", "empty" },
        { "\"supersede\":\"a\\u0007\"", "supersede", "U+0007" },
        { "\"fail_fast\":\"yes\"", "fail_fast", "true or false" },
        { "\"meta\":{\"a\":{\"b\":{\"c\":{}}}}", "meta.a", "a text" },
    };

    [Fact]
    public async Task Whatever_is_wrong_with_a_job_its_field_is_named()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var row in Jobs)
        {
            var (field, name, word) = row.Data;
            var values = new[] { ("org_id", "\"o\""), ("app_version_id", "\"v\""), ("test_path", "\"a.js\"") }
                .Where(v => !field.StartsWith($"\"{v.Item1}\":", StringComparison.Ordinal)).Select(v => $"\"{v.Item1}\":{v.Item2}");
            var body = "{" + string.Join(',', values.Append(field)) + "}";
            await RefusedAsync(server, "/api/v1/jobs", body, name, word);
        }
        Assert.Empty((await server.Client.ListRunsAsync(null, 10, null, Cancel)).Items);
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_run_its_field_is_named()
    {
        await using var server = await RunningServer.StartAsync();
        const string Start = "{\"org_id\":\"o\",\"app_version_id\":\"v\",";
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[]}", "tests", "1 to 10000");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":null}", "tests", "1 to 10000");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":\"a\"}", "tests", "a list");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[\"a\",{}]}", "tests[1]", "a text");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[\"a\",null]}", "tests[1]", "missing");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[\"a\",\"a\"]}", "tests[1]", "twice");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[\"a\"],\"platforms\":[\"ios\",\"ios\"]}", "platforms", "once");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[\"a\"],\"platforms\":[\"ios\"],\"platform\":\"ios\"}", "platforms", "together");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"tests\":[" + string.Join(',', Enumerable.Range(0, 10_001).Select(i => $"\"{i}\"")) + "]}", "tests", "10000");
        await RefusedAsync(server, "/api/v1/runs", Start + "\"org_id\":\"p\"}", "org_id", "twice");
        await RefusedAsync(server, "/api/v1/runs", "{\"org_id\":\"o\",\n\"tests\":[,]}", "tests[0]", "line 2, byte 10");
        await RefusedAsync(server, "/api/v1/runs", "null", "body", "null");
        await RefusedAsync(server, "/api/v1/runs", "", "body", "malformed");
        await RefusedAsync(server, "/api/v1/runs", "[]", "body", "an object");
        await RefusedAsync(server, "/api/v1/runs", new string('[', 100_000), "body", "an object");
    }

    [Fact]
    public async Task Queries_headers_and_bytes_that_make_no_sense_are_refused_too()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var (path, field) in new[]
        {
            ("/api/v1/jobs?limit=0", "limit"), ("/api/v1/jobs?limit=x", "limit"), ("/api/v1/jobs?limit=99999999999999999999", "limit"),
            ("/api/v1/jobs?status=done", "status"), ("/api/v1/jobs?statuss=x", "statuss"), ("/api/v1/jobs?cursor=%00", "cursor"), ("/api/v1/jobs?org_id=%ff%fe", "org_id"),
            ("/api/v1/runs?cursor=a%20b", "cursor"), ("/api/v1/devices?x=1", "x"), ("/api/v1/apps?org_id=", "org_id"),
        })
        {
            using var answer = await server.Http.GetAsync(path, Cancel);
            await ExpectAsync(answer, HttpStatusCode.BadRequest, field, "");
        }
        foreach (var path in new[] { "/api/v1/jobs?cursor=j-zzz", "/api/v1/runs?cursor=no/such", "/api/v1/apps?cursor=no/such" })
            (await server.Http.GetAsync(path, Cancel)).EnsureSuccessStatusCode();
        foreach (var path in new[] { "/api/v1/nope", "/api/v1/jobs/j-nope", "/api/v1/runs/%C3%BC", "/api/v1/devices/no%2Fsuch", "/api/v1/jobs/" + new string('x', 5000), "/api/v1/apps/o/v", "/agent/v2", "/nope" })
            await ExpectAsync(await server.Http.GetAsync(path, Cancel), HttpStatusCode.NotFound, null, "");
        await ExpectAsync(await server.Http.DeleteAsync("/api/v1/jobs", Cancel), HttpStatusCode.MethodNotAllowed, null, "GET, POST");
        await ExpectAsync(await server.Http.PostAsync("/api/v1/jobs", new StringContent("{}"), Cancel), HttpStatusCode.UnsupportedMediaType, null, "application/json");
        await ExpectAsync(await server.Http.PostAsync("/api/v1/jobs", Bytes([(byte)'"', 0xff, 0xfe, (byte)'"']), Cancel), HttpStatusCode.BadRequest, "body", "");
        await ExpectAsync(await server.Http.PostAsync("/api/v1/jobs", Bytes(new byte[2 << 20]), Cancel), HttpStatusCode.RequestEntityTooLarge, null, "larger");

        using var longKey = new HttpRequestMessage(HttpMethod.Post, "/api/v1/jobs") { Content = Bytes("""{"org_id":"o","app_version_id":"v","test_path":"a"}"""u8.ToArray()) };
        longKey.Headers.Add("Idempotency-Key", new string('k', 256));
        await ExpectAsync(await server.Http.SendAsync(longKey, Cancel), HttpStatusCode.BadRequest, "Idempotency-Key", "255");
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs/r-1/cancel");
        foreign.Headers.Add("Sec-Fetch-Site", "cross-site");
        await ExpectAsync(await server.Http.SendAsync(foreign, Cancel), HttpStatusCode.Forbidden, null, "other sites");
    }

    [Fact]
    public async Task Agents_that_talk_nonsense_get_no_500_either()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var (path, body, field) in new[]
        {
            ("register", "{}", "devices"),
            ("register", """{"agent_id":"a","boot_id":"b","devices":[null]}""", "devices"),
            ("register", """{"agent_id":"a","boot_id":"b","devices":[{}]}""", "devices[0].id"),
            ("register", """{"agent_id":"a","boot_id":"b","devices":[{"id":"d","target":"any"}]}""", "devices[0].target"),
            ("register", """{"agent_id":"a","boot_id":"b","devices":[{"id":"d","target":"device"},{"id":"d","target":"device"}]}""", "devices[1].id"),
            ("work", "{}", "agent_id"),
            ("work", """{"agent_id":"a","boot_id":"b","free_devices":[],"leases":[],"wait_seconds":61}""", "wait_seconds"),
            ("work", """{"agent_id":"a","boot_id":"b","free_devices":[],"leases":[{}],"wait_seconds":1}""", "leases[0]"),
            ("renew", """{"agent_id":"a"}""", "leases"),
            ("progress", """{"items":[{}]}""", "items[0].lease"),
            ("progress", """{"items":[{"lease":{"device_id":"d","token":1},"status":"passed"}]}""", "items[0].status"),
            ("progress", """{"items":[{"lease":{"device_id":"d","token":1},"test":{}}]}""", "items[0].test"),
            ("finish", """{"items":[{"lease":{"device_id":"d","token":1},"finish_id":"f"}]}""", "items[0].end"),
            ("finish", """{"items":[{"lease":{"device_id":"d","token":1},"finish_id":"f","end":{"outcome":"none"}}]}""", "items[0].end.outcome"),
        })
            await RefusedAsync(server, $"/agent/v1/{path}", body, field, "");
        await ExpectAsync(await server.Http.PostAsync("/agent/v1/log?device=d&token=1&offset=0", Bytes([1]), Cancel), HttpStatusCode.Conflict, null, "not valid any more");
        await ExpectAsync(await server.Http.PutAsync("/agent/v1/artifacts/a.png?device=d&token=x", Bytes([1]), Cancel), HttpStatusCode.BadRequest, "token", "");
    }

    private static async Task RefusedAsync(RunningServer server, string path, string body, string field, string word) =>
        await ExpectAsync(await server.Http.PostAsync(path, Bytes(Encoding.UTF8.GetBytes(body)), Cancel), HttpStatusCode.BadRequest, field, word);

    private static async Task ExpectAsync(HttpResponseMessage answer, HttpStatusCode status, string? field, string word)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == status, $"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {text} (wanted {status} {field})");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize(text, Client.Wire.WireJson.Default.Problem)!;
        Assert.True(field is null || problem.Field == field, $"{text} should name {field}");
        Assert.Contains(word, problem.Detail ?? "", StringComparison.Ordinal);
    }

    private static ByteArrayContent Bytes(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
