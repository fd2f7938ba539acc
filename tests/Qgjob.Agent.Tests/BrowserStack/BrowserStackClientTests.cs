using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Checks;
using Qgjob.BrowserStack;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>The REST API of a BrowserStack that is slow, busy, broken, or does not know us.</summary>
public sealed class BrowserStackClientTests : IAsyncLifetime
{
    private Cloud cloud = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => cloud = await Cloud.StartAsync();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task Too_many_calls_are_made_again_when_it_says_so()
    {
        var left = 2;
        cloud.StandIn.Misbehave = call => call.EndsWith("plan.json", StringComparison.Ordinal) && left-- > 0 ? new StandInAnswer(429, "slow down") { RetryAfterSeconds = 7 } : null;
        Assert.Equal(2, (await cloud.Client().PlanAsync(Cancel)).Most);
        Assert.Equal(2, cloud.Time.Waits.Count(w => w == TimeSpan.FromSeconds(7)));
        Assert.Equal(3, cloud.StandIn.Count("GET /app-automate/plan.json"));
    }

    [Fact]
    public async Task A_trouble_that_passes_is_waited_out_and_one_that_stays_is_told_without_credentials()
    {
        var left = 3;
        cloud.StandIn.Misbehave = _ => left-- > 0 ? new StandInAnswer(502, "bad gateway") : null;
        Assert.Equal(6, (await cloud.Client().DevicesAsync(Cancel)).Count);

        cloud.StandIn.Misbehave = _ => new StandInAnswer(500, $"oops, {StandIn.User}:{StandIn.Key} is {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{StandIn.User}:{StandIn.Key}"))}");
        var failed = await Assert.ThrowsAsync<BrowserStackException>(() => cloud.Client().PlanAsync(Cancel));
        Assert.Equal($"GET /app-automate/plan.json: BrowserStack answers 500: oops, {StandIn.User}:[hidden] is [hidden]", failed.Message);
        Assert.DoesNotContain(StandIn.Key, failed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_credentials_are_said_at_once()
    {
        var refused = await Assert.ThrowsAsync<BrowserStackRefusedException>(() => cloud.Client("wrong").PlanAsync(Cancel));
        Assert.Contains("refuses BROWSERSTACK_USERNAME and BROWSERSTACK_ACCESS_KEY (answer 401)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, cloud.StandIn.Count("GET /app-automate/plan.json"));
    }

    [Fact]
    public async Task A_build_is_uploaded_once_for_all_agents_until_it_is_forgotten()
    {
        var build = cloud.Build();
        var one = new CloudBuilds(cloud.Client(), cloud.Time);
        var urls = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => one.EnsureAsync(build, _ => { }, Cancel)));
        Assert.StartsWith("bs://", Assert.Single(urls.Distinct()), StringComparison.Ordinal);
        Assert.Equal(1, cloud.StandIn.Uploads);
        var two = new CloudBuilds(cloud.Client(), cloud.Time);
        Assert.Equal(urls[0], await two.EnsureAsync(build, _ => { }, Cancel));
        Assert.Equal(1, cloud.StandIn.Uploads);

        cloud.StandIn.ForgetApps();
        Assert.Equal(urls[0], await one.EnsureAsync(build, _ => { }, Cancel));
        one.Forget(build.Sha256);
        await one.EnsureAsync(build, _ => { }, Cancel);
        Assert.Equal(2, cloud.StandIn.Uploads);
    }

    [Fact]
    public async Task An_upload_is_not_repeated_for_a_refusal()
    {
        cloud.StandIn.Misbehave = call => call == "POST /app-automate/upload" ? new StandInAnswer(422, """{"error":"Malformed archive"}""") : null;
        var failed = await Assert.ThrowsAsync<BrowserStackException>(() => new CloudBuilds(cloud.Client(), cloud.Time).EnsureAsync(cloud.Build(), _ => { }, Cancel));
        Assert.Contains("Malformed archive", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, cloud.StandIn.Count("POST /app-automate/upload"));
    }

    [Theory]
    [InlineData(StandIn.User, StandIn.Key, "ok: BrowserStack account ada_Xy12: 2 parallel sessions, 1 running, 0 waiting; ok: 5 Android phones to choose from")]
    [InlineData(StandIn.User, "wrong", "problem: BrowserStack refuses BROWSERSTACK_USERNAME and BROWSERSTACK_ACCESS_KEY (answer 401): compare them with the account's settings.")]
    [InlineData(StandIn.User, null, "problem: BrowserStack: BROWSERSTACK_ACCESS_KEY is not set. Both are in the account's settings at BrowserStack, and are read from the environment only.")]
    [InlineData(null, null, "")]
    public async Task The_doctor_looks_at_the_account_that_the_environment_names(string? user, string? key, string expected)
    {
        cloud.StandIn.OthersRunning = 1;
        var findings = await BrowserStackChecks.RunAsync(name => name switch
        {
            BrowserStackAccount.UserVariable => user,
            BrowserStackAccount.KeyVariable => key,
            BrowserStackAccount.UrlVariable => cloud.StandIn.Url,
            _ => null,
        }, cloud.Time, Cancel);
        Assert.Equal(expected, string.Join("; ", findings.Select(f => $"{Core.Words.Of(f.Level)}: {f.What}")));
    }
}
