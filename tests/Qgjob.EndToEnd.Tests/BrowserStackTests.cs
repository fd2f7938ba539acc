using System.Text;
using System.Text.Json;
using Qgjob.Agent.Tests.Emulators;
using Qgjob.BrowserStack;
using Qgjob.Core.Jobs;
using Qgjob.Phones;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Phones, an emulator and BrowserStack's slots in one pool. Behind the stand-ins are virtual phones, behind the hub's with the real Appium.</summary>
public sealed class BrowserStackTests(BrowserStackTests.CloudLab fixture) : IClassFixture<BrowserStackTests.CloudLab>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Lab Lab => fixture.Lab;

    private StandIn Cloud => fixture.StandIn;

    [Fact]
    public async Task One_run_over_phones_an_emulator_and_slots_uploads_once_and_gives_results_of_one_form()
    {
        // A cold emulator is not worth its start to so short a run; one that is up and has the app is a device like any other.
        var warm = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk", "--test", "tests/onboarding.spec.js",
            "--target", "emulator", "--wait", "--json");
        Assert.True(warm.ExitCode == 0, $"{warm.All}\n{Lab.Agent.Output()}");
        Assert.Single(fixture.Emulator.Starts);
        var submitted = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk", "--test", "tests/*.spec.*", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        using var ids = JsonDocument.Parse(submitted.Out);
        var run = ids.RootElement.GetProperty("run_id").GetString()!;
        await Lab.UntilAsync(() => Task.FromResult(Cloud.Sessions.Count > 0), "a session is open");
        // Of all that runs, the agent alone knows the key.
        Assert.Equal([Lab.Agent.Id], Fleet.Processes(e => e.Contains(StandIn.Key, StringComparison.Ordinal)));

        var ended = await Lab.QgjobAsync("wait", run, "--json");
        Assert.True(ended.ExitCode == 0, $"{ended.All}\n{Lab.Agent.Output()}");
        using var answer = JsonDocument.Parse(ended.Out);
        Assert.InRange(answer.RootElement.GetProperty("installs").GetInt32(), 1, 2);
        Assert.True(answer.RootElement.GetProperty("cloud_seconds").GetDouble() > 0);
        Assert.Equal(1, Cloud.Uploads);
        Assert.InRange(Cloud.MostOpen, 1, 2);

        var jobs = await Lab.JobsAsync(run);
        var slots = jobs.Where(j => j.DeviceId!.StartsWith("lab/browserstack-", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(slots);
        Assert.Contains(jobs, j => j.DeviceId == "lab/Pixel_7-1");
        Assert.Contains(jobs, j => j.DeviceId!.StartsWith("lab/phone-", StringComparison.Ordinal));
        Assert.Single(fixture.Emulator.Starts);
        var results = (await Lab.Client.FindRunResultsAsync(run, Cancel))!.Jobs;
        Assert.All(results, j => Assert.All(j.Tests, t => Assert.Equal((j.TestPath, Core.Results.TestStatus.Passed), (t.File, t.Status))));
        var sessions = Cloud.Sessions.Where(s => s.Capabilities.Contains($@"""buildName"":""todo-1.0 {run}""", StringComparison.Ordinal)).ToList();
        // One for all tests of a file, on the phone that it is without any conditions.
        Assert.Equal(slots.Count, sessions.Count);
        Assert.All(sessions, s => Assert.Contains(@"""deviceName"":""Google Pixel 8""", s.Capabilities, StringComparison.Ordinal));
        await AssertNoKeyAsync();
    }

    [Fact]
    public async Task A_failure_leaves_the_same_on_a_slot_as_on_a_phone()
    {
        var names = new Dictionary<string, IReadOnlyList<string>>();
        await Task.WhenAll(new[] { "device", "browserstack" }.Select(async target =>
        {
            var ended = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
                "--test", "tests-failing/wrong-title.spec.ts", "--target", target, "--test-retries", "0", "--wait", "--json");
            Assert.True(ended.ExitCode == 10, ended.All);
            using var answer = JsonDocument.Parse(ended.Out);
            var job = (await Lab.JobsAsync(answer.RootElement.GetProperty("run_id").GetString()!)).Single();
            IReadOnlyList<string> left = [];
            await Lab.UntilAsync(async () =>
            {
                left = [.. (await Lab.Client.ListArtifactsAsync(job.JobId, Cancel)).Items.Where(a => a.Note is null).Select(a => a.Name).Order(StringComparer.Ordinal)];
                return left.Contains("video-01.mp4") && left.Contains("appium.log");
            }, $"the artifacts of {target} are there");
            lock (names) names[target] = left;
        }));
        Assert.Contains("screenshots/the-title-is-another-one-try-1.png", names["device"]);
        Assert.Equal(names["device"], names["browserstack"].Where(n => n != "browserstack.json"));
        Assert.Contains(@"""status"":""failed""", Cloud.Sessions[^1].Marks.Last(), StringComparison.Ordinal);
        await AssertNoKeyAsync();
    }

    [Fact]
    public async Task A_lost_session_and_a_busy_account_cost_attempts_and_waits_and_no_verdict()
    {
        var lost = 0;
        Cloud.Misbehave = call =>
            call == "GET /app-automate/plan.json" && Cloud.Count(call) % 3 == 0 ? new StandInAnswer(429) { RetryAfterSeconds = 1 }
            : call.EndsWith("/elements", StringComparison.Ordinal) && Interlocked.Increment(ref lost) == 2 ? new StandInAnswer(404, """{"value":{"error":"invalid session id","message":"Session not started or terminated"}}""")
            : null;
        try
        {
            var ended = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
                "--test", "tests/login.spec.ts", "--target", "browserstack", "--device", "model=*S22", "--wait", "--json");
            Assert.True(ended.ExitCode == 0, ended.All);
            using var answer = JsonDocument.Parse(ended.Out);
            var job = (await Lab.JobsAsync(answer.RootElement.GetProperty("run_id").GetString()!)).Single();
            Assert.Equal((JobStatus.Passed, 2), (job.Status, job.Attempt));
            Assert.Contains(@"""deviceName"":""Samsung Galaxy S22""", Cloud.Sessions[^1].Capabilities, StringComparison.Ordinal);
        }
        finally
        {
            Cloud.Misbehave = _ => null;
        }

        await AssertNoKeyAsync();
    }

    private async Task AssertNoKeyAsync()
    {
        Assert.Empty(await Lab.WhereIsAsync(StandIn.Key));
        Assert.Empty(await Lab.WhereIsAsync(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{StandIn.User}:{StandIn.Key}"))));
    }

    /// <summary>Two phones, an emulator that can be started and two slots, for all tests of this class.</summary>
    public sealed class CloudLab : IAsyncLifetime
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qgjob-cloud-");
        private VirtualPhone? emulated;

        internal Lab Lab { get; private set; } = null!;

        public StandIn StandIn { get; private set; } = null!;

        internal StandInEmulator Emulator { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            // Certificates are checked: the agent trusts this authority as a machine does any other.
            var authority = Path.Combine(folder.FullName, "ca.pem");
            var certificate = OwnAuthority.Create(authority, TimeProvider.System.GetUtcNow());
            var phones = await AppiumPhones.StartAsync(2, folder.FullName, Cancel);
            StandIn = await StandIn.StartAsync(new StandInOptions { Folder = folder.FullName, Certificate = certificate }, phones, TimeProvider.System, Cancel);
            var environment = new Dictionary<string, string>
            {
                ["BROWSERSTACK_USERNAME"] = StandIn.User,
                ["BROWSERSTACK_ACCESS_KEY"] = StandIn.Key,
                ["QGJOB_BROWSERSTACK_URL"] = StandIn.Url,
                ["SSL_CERT_FILE"] = authority,
            };
            emulated = await VirtualPhone.StartAsync(
                new VirtualPhoneOptions { Name = "emulated", DataFolder = Path.Combine(folder.FullName, "emulated"), Model = "sdk_gphone64" }, TimeProvider.System, Cancel);
            Emulator = new StandInEmulator(Path.Combine(folder.FullName, "emulators")) { Behind = emulated.Port };
            Lab = await Lab.StartAsync(Checkout.Qgjob, phones: 2, devices: 5, new Dictionary<string, string>([.. environment, .. Emulator.Settings]),
                ["--browserstack", "--emulators", "1", "--avd", "Pixel_7"]);
        }

        public async ValueTask DisposeAsync()
        {
            if (Lab is not null) await Lab.DisposeAsync();
            if (StandIn is not null) await StandIn.DisposeAsync();
            if (emulated is not null) await emulated.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }
}
