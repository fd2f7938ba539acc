using System.Net;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Xunit;

namespace Qgjob.Server.Tests.Resources;

public sealed class ResourceTests
{
    private const string Account = "account:checkout";
    private const string Variable = "QGJOB_RESOURCE_ACCOUNT_CHECKOUT";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun SixTests = new()
    {
        // So many that a further phone is worth its install.
        OrgId = "o",
        AppVersionId = "v",
        Tests = ["a.spec.js", "b.spec.js", "c.spec.js", "d.spec.js", "e.spec.js", "f.spec.js"],
        Needs = [Account],
        Env = new() { ["A"] = "1" },
    };

    [Fact]
    public async Task A_unit_goes_with_the_lease_as_environment_and_comes_back_with_its_end()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 3);
        await agent.RegisterAsync();
        var defined = await server.Client.SetResourceAsync("o", Account, ["anna", "ben"], Cancel);
        Assert.Equal((Account, Variable, 2, 2), (defined.Name, defined.Variable, defined.Units, defined.Free));
        await server.Client.SubmitAsync(SixTests, "k", Cancel);

        var work = (await agent.WorkAsync()).Assignments;
        Assert.Equal(["anna", "ben"], work.Select(a => a.Spec.Env[Variable]).Order());
        Assert.All(work, a => Assert.Equal("1", a.Spec.Env["A"]));
        var held = Assert.Single((await server.Client.ListResourcesAsync("o", values: true, Cancel)).Items);
        Assert.Equal((2, 0), (held.Units, held.Free));
        Assert.Equal(["anna", "ben"], held.Values);
        Assert.Equal(
            work.Select(a => (a.Lease.DeviceId, a.JobId, a.Spec.Env[Variable])).Order(),
            held.Holders.Select(h => (h.DeviceId, h.JobId!, h.Value!)).Order());

        // The third phone is free, the other jobs wait: it is a unit that is missing.
        var third = agent.Devices.Single(d => work.All(a => a.Lease.DeviceId != d));
        Assert.Empty((await agent.WorkAsync(free: [third], leases: [.. work.Select(a => a.Lease)])).Assignments);
        Assert.True(await agent.FinishAsync(work[0].Lease));
        var next = Assert.Single((await agent.WorkAsync(free: [third], leases: [work[1].Lease])).Assignments);
        Assert.Equal(work[0].Spec.Env[Variable], next.Spec.Env[Variable]);
    }

    [Fact]
    public async Task Values_are_shown_to_who_asks_for_them_only()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SetResourceAsync("o", Account, ["anna-secret", "ben-secret"], Cancel);
        var accepted = await server.Client.SubmitAsync(SixTests, "k", Cancel);
        Assert.Single((await agent.WorkAsync()).Assignments);
        foreach (var path in new[] { "orgs/o/resources", "orgs/o/resources?values=false", $"jobs/{accepted.JobIds[0]}", "jobs", "devices", "groups", "runs" })
            Assert.DoesNotContain("secret", await server.Http.GetStringAsync($"/api/v1/{path}", Cancel), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", await server.Http.GetStringAsync("/", Cancel), StringComparison.Ordinal);
        Assert.Contains("ben-secret", await server.Http.GetStringAsync("/api/v1/orgs/o/resources?values=true", Cancel), StringComparison.Ordinal);
        Assert.Empty((await server.Client.ListResourcesAsync("other", values: true, Cancel)).Items);
    }

    [Fact]
    public async Task What_is_redefined_or_removed_while_it_is_held_goes_with_its_holder()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SetResourceAsync("o", Account, ["anna"], Cancel);
        await server.Client.SubmitAsync(SixTests, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;

        var redefined = await server.Client.SetResourceAsync("o", Account, ["ben"], Cancel);
        Assert.Equal((1, 1), (redefined.Units, redefined.Free));
        Assert.True(Assert.Single(redefined.Holders).Leaving);
        Assert.True(await server.Client.RemoveResourceAsync("o", Account, Cancel));
        Assert.False(await server.Client.RemoveResourceAsync("o", Account, Cancel));
        Assert.True(Assert.Single(Assert.Single((await server.Client.ListResourcesAsync("o", values: false, Cancel)).Items).Holders).Leaving);
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(SixTests, "k2", Cancel));
        Assert.Contains("it has none yet", refused.Message, StringComparison.Ordinal);
        Assert.True(await agent.FinishAsync(lease));
        Assert.Empty((await server.Client.ListResourcesAsync("o", values: true, Cancel)).Items);
        Assert.Empty((await agent.WorkAsync()).Assignments);

        await server.Client.SetResourceAsync("o", Account, ["carl"], Cancel);
        Assert.Equal("carl", Assert.Single((await agent.WorkAsync()).Assignments).Spec.Env[Variable]);
    }

    [Fact]
    public async Task An_unknown_need_names_what_is_defined_and_how_to_define_it()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Client.SetResourceAsync("o", "licence", ["x"], Cancel);
        await server.Client.SetResourceAsync("other", Account, ["x"], Cancel);
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(SixTests, "k", Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "needs"), (refused.Status, refused.Problem.Field));
        Assert.Equal("needs: o has no resource 'account:checkout'; it has licence. Define it: qgjob resources set account:checkout --org-id o --unit VALUE", refused.Message);
        Assert.Empty((await server.Client.ListRunsAsync(null, 10, null, Cancel)).Items);
    }

    [Theory]
    [InlineData("{}", "units", "1 to 10000")]
    [InlineData("""{"units":[]}""", "units", "DELETE")]
    [InlineData("""{"units":["a",""]}""", "units[1]", "empty")]
    [InlineData("""{"units":["a",null]}""", "units[1]", "empty")]
    [InlineData("""{"units":["s3cret","s3cret"]}""", "units[1]", "listed twice")]
    [InlineData("""{"units":["s3cret\u0000"]}""", "units[0]", "U+0000")]
    [InlineData("""{"units":"a"}""", "units", "a list")]
    [InlineData("""{"values":["a"]}""", "values", "unknown field")]
    public async Task Nonsense_is_refused_by_its_field_without_repeating_a_secret(string body, string field, string word)
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Http.PutAsync($"/api/v1/orgs/o/resources/{Account}", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        var problem = JsonSerializer.Deserialize(text, WireJson.Default.Problem)!;
        Assert.Equal(field, problem.Field);
        Assert.Contains(word, problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
    }
}
