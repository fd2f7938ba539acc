using System.Net;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.Server.Tests.Orgs;

public sealed class OrgTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun TwoTests = new() { OrgId = "small", AppVersionId = "v", Tests = ["a.spec.js", "b.spec.js"] };

    [Fact]
    public async Task An_org_is_set_listed_and_held_to_its_devices()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 3);
        await agent.RegisterAsync();
        Assert.Empty((await server.Client.ListOrgsAsync(Cancel)).Items);
        var set = await server.Client.SetOrgAsync("small", new OrgSettings { Weight = 3, MaxDevices = 1 }, Cancel);
        Assert.Equal((3, 1, null, 1), (set.Weight, set.MaxDevices, set.MaxPriority, set.Share));

        // So many that a second phone is worth its install.
        var sixTests = TwoTests with { Tests = [.. Enumerable.Range(1, 6).Select(i => $"{i}.spec.js")] };
        await server.Client.SubmitAsync(sixTests, "k1", Cancel);
        await server.Client.SubmitAsync(sixTests with { OrgId = "big" }, "k2", Cancel);
        var work = (await agent.WorkAsync()).Assignments;
        Assert.Equal(1, work.Count(a => a.Spec.OrgId == "small"));
        Assert.Equal(2, work.Count(a => a.Spec.OrgId == "big"));
        var orgs = (await server.Client.ListOrgsAsync(Cancel)).Items;
        Assert.Equal(["big", "small"], orgs.Select(o => o.OrgId));
        Assert.Equal((1, 5, 0.75), (orgs[1].DevicesInUse, orgs[1].JobsWaiting, orgs[1].Share));
        Assert.Equal((2, 4, 0.25), (orgs[0].DevicesInUse, orgs[0].JobsWaiting, orgs[0].Share));

        // Whole: what is left out goes back to its default, and the device limit with it.
        Assert.Null((await server.Client.SetOrgAsync("small", new OrgSettings { Weight = 3 }, Cancel)).MaxDevices);
        Assert.Equal(1, (await server.Client.SetOrgAsync("other", new OrgSettings { MaxDevices = 0 }, Cancel)).Weight);
        // Work of an org that may use no device takes nothing of the others' share.
        await server.Client.SubmitAsync(TwoTests with { OrgId = "other" }, "k3", Cancel);
        Assert.Equal([0.25, 0, 0.75], (await server.Client.ListOrgsAsync(Cancel)).Items.Select(o => o.Share));
        var free = work.First(a => a.Spec.OrgId == "big").Lease;
        Assert.True(await agent.FinishAsync(free));
        Assert.Equal("small", Assert.Single((await agent.WorkAsync(free: [free.DeviceId])).Assignments).Spec.OrgId);
    }

    [Theory]
    [InlineData("""{"weight":2}""", 30, 5)]
    [InlineData("""{"weight":2,"keep_days":null}""", null, 5)]
    [InlineData("""{"weight":2,"max_disk_gb":null,"keep_days":7}""", 7, null)]
    public async Task What_an_older_client_does_not_know_it_does_not_take_back(string body, int? days, int? gigabytes)
    {
        await using var server = await RunningServer.StartAsync();
        await server.Client.SetOrgAsync("small", new OrgSettings { MaxDevices = 3, KeepDays = 30, MaxDiskGb = 5 }, Cancel);
        using var response = await server.Http.PutAsync("/api/v1/orgs/small", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        Assert.True(response.IsSuccessStatusCode);
        var org = Assert.Single((await server.Client.ListOrgsAsync(Cancel)).Items);
        Assert.Equal((2, null, days, gigabytes), (org.Weight, org.MaxDevices, org.KeepDays, org.MaxDiskGb));
    }

    [Fact]
    public async Task A_priority_above_the_cap_is_taken_down_and_the_answer_says_so()
    {
        await using var server = await RunningServer.StartAsync();
        await new FakeAgent(server, "lab").RegisterAsync();
        await server.Client.SetOrgAsync("small", new OrgSettings { MaxPriority = 0 }, Cancel);
        var accepted = await server.Client.SubmitAsync(TwoTests with { Priority = 2 }, "k", Cancel);
        Assert.Equal("Priority urgent is above the cap of small: the jobs count as normal.", Assert.Single(accepted.Notes!));
        Assert.Equal(0, (await server.Client.FindJobAsync(accepted.JobIds[0], Cancel))!.Priority);
        Assert.Null((await server.Client.SubmitAsync(TwoTests with { Priority = -1 }, "k2", Cancel)).Notes);
        Assert.Null((await server.Client.SubmitAsync(TwoTests with { OrgId = "other", Priority = 2 }, "k3", Cancel)).Notes);

        using var response = await server.Http.PostAsync("/api/v1/jobs",
            new StringContent("""{"org_id":"small","app_version_id":"v","test_path":"a.spec.js","priority":"high"}""", Encoding.UTF8, "application/json"), Cancel);
        var job = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Cancel), WireJson.Default.JobView)!;
        Assert.Contains("high is above the cap", Assert.Single(job.Notes!), StringComparison.Ordinal);
        Assert.Equal(JobStatus.Queued, job.Status);
    }

    [Theory]
    [InlineData("""{"weight":0}""", "weight", "0.01 to 1000")]
    [InlineData("""{"weight":-1}""", "weight", "0.01 to 1000")]
    [InlineData("""{"weight":1000.5}""", "weight", "0.01 to 1000")]
    [InlineData("""{"weight":1e400}""", "weight", "")]
    [InlineData("""{"weight":"2"}""", "weight", "a number")]
    [InlineData("""{"max_devices":-1}""", "max_devices", "from 0")]
    [InlineData("""{"max_devices":1.5}""", "max_devices", "whole number")]
    [InlineData("""{"max_priority":11}""", "max_priority", "-10 to 10")]
    [InlineData("""{"max_priority":"hot"}""", "max_priority", "low, normal, high, urgent")]
    [InlineData("""{"wieght":1}""", "wieght", "unknown field")]
    [InlineData("[]", "body", "an object")]
    public async Task Nonsense_is_refused_by_its_field(string body, string field, string word)
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Http.PutAsync("/api/v1/orgs/o", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Cancel), WireJson.Default.Problem)!;
        Assert.Equal(field, problem.Field);
        Assert.Contains(word, problem.Detail, StringComparison.Ordinal);
        Assert.Empty((await server.Client.ListOrgsAsync(Cancel)).Items);
    }
}
