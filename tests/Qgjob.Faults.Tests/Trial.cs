using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.History;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests;

/// <summary>An installation under load, to which a test does something; afterwards its history is checked.</summary>
internal sealed class Trial : IAsyncDisposable
{
    private readonly long startedAt = Stopwatch.GetTimestamp();
    private long loadFrom;
    private long loadTo;
    private bool passed;

    private readonly BeginCounter begun;

    private Trial(Site site, int seed) => (Site, Seed, Random, begun) = (site, seed, new Random(seed), new BeginCounter(site.PhoneLogs));

    public Site Site { get; }

    public int Seed { get; }

    public Random Random { get; }

    public Load.Load Load { get; private set; } = null!;

    public PastOf Past { get; private set; } = null!;

    public IReadOnlyList<PhoneUse> Uses { get; private set; } = [];

    /// <summary>The longest time without a new attempt while work waited.</summary>
    public TimeSpan ClaimGap { get; private set; }

    /// <summary>The seed of <c>QGJOB_FAULTS_SEED</c>, else one by chance.</summary>
    public static int NewSeed() =>
        int.TryParse(Environment.GetEnvironmentVariable("QGJOB_FAULTS_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : RandomNumberGenerator.GetInt32(1, 1_000_000);

    public static async Task<Trial> StartAsync(Site site, CancellationToken cancel, int agents = 2, int phones = 4, int submitters = 6, bool mayForget = false)
    {
        var trial = new Trial(site, NewSeed());
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {trial.Seed}");
        for (var i = 0; i < agents; i++)
        {
            if (site.Agents.Count <= i) site.AddAgent(string.Create(CultureInfo.InvariantCulture, $"lab-{i + 1}"), phones);
            site.StartAgent(i);
        }
        trial.Load = Faults.Tests.Load.Load.Start(site, trial.Seed, submitters, cancel, mayForget: mayForget);
        // Faults are to hit what is under way.
        await trial.ProgressAsync(2 * agents, cancel);
        trial.loadFrom = Stopwatch.GetTimestamp();
        return trial;
    }

    /// <summary>Waits until so many more attempts have begun.</summary>
    public async Task ProgressAsync(int attempts, CancellationToken cancel, TimeSpan? limit = null)
    {
        var target = begun.Count() + attempts;
        try
        {
            await Waits.UntilAsync($"{attempts} more attempts begin", () => Task.FromResult(begun.Count() >= target), limit ?? TimeSpan.FromSeconds(40), cancel, TimeSpan.FromMilliseconds(50));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(e.Message + Site.Logs());
        }
    }

    /// <summary>Attempts per second that begin in the time from now.</summary>
    public async Task<double> RateAsync(TimeSpan time, CancellationToken cancel)
    {
        var (before, start) = (begun.Count(), Stopwatch.GetTimestamp());
        await Waits.For(time, cancel);
        return (begun.Count() - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A moment by chance.</summary>
    public Task MomentAsync(CancellationToken cancel, int mostMilliseconds = 800) => Waits.For(TimeSpan.FromMilliseconds(Random.Next(mostMilliseconds)), cancel);

    /// <summary>No more faults: everything must end, and the history must keep the rules.</summary>
    public async Task CheckAsync(CancellationToken cancel, bool clocksAgree = true)
    {
        loadTo = Stopwatch.GetTimestamp();
        await Load.EndAsync();
        using var client = Site.NewClient();
        // A canceled job's device is free when its agent has let go.
        await Waits.UntilAsync("no device is busy", async () => (await client.ListDevicesAsync(cancel)).Items.All(d => d.JobId is null), TimeSpan.FromSeconds(20), cancel);
        Past = await PastOf.ReadAsync(client, cancel);
        Uses = PhoneUse.ReadAll(Site.PhoneLogs);
        ClaimGap = PhoneUse.LongestGap(Uses, loadFrom, loadTo);
        var finishes = FinishHeard.ReadAll(Site.Agents);
        var check = new HistoryCheck(Past, Load.Runs, Uses, finishes, Load.MayForget, clocksAgree);
        List<string> violations = [.. Load.Violations, .. check.Violations(), .. await LogsAsync(client, cancel)];
        violations.AddRange(Site.Servers.Where(s => !s.IsRunning).Select(s => $"{s.Name} ended by itself"));
        foreach (var server in Site.Servers) await server.StopAsync(cancel);
        violations.AddRange(await RowsCheck.ViolationsAsync(Site.Store.Url, Uses, finishes, Load.MayForget, cancel));
        TestContext.Current.TestOutputHelper?.WriteLine(Summary);
        if (violations.Count > 0) Assert.Fail($"seed {Seed}: {violations.Count} violations\n{string.Join('\n', violations.Take(20))}\n{Site.Logs()}");
        // A history of nothing keeps every rule.
        Assert.True(Past.Jobs.Values.Count(j => j.Status is JobStatus.Passed) >= 10, Site.Logs());
        passed = true;
    }

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{Past.Runs.Count} runs, {Past.Jobs.Count} jobs, {Past.Attempts.Count()} attempts, {Past.Attempts.Count(a => a.Attempt.Outcome is AttemptOutcome.Lost)} lost, claim gap {ClaimGap.TotalSeconds:0.0} s, refusals {string.Join(' ', Load.Refusals.Select(r => $"{r.Key}:{r.Value}"))}, {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0.0} s");

    /// <summary>Of some attempts: their log has every line once, in order.</summary>
    private async Task<List<string>> LogsAsync(Qgjob.Client.QgjobClient client, CancellationToken cancel)
    {
        var violations = new List<string>();
        foreach (var (job, attempt) in Past.Attempts.Where(a => a.Attempt.Outcome is AttemptOutcome.Passed).TakeLast(100))
        {
            var lines = (await PastOf.LogAsync(client, job.JobId, attempt.Number, cancel)).Split('\n');
            var numbers = lines.Where(l => l.StartsWith("line ", StringComparison.Ordinal)).Select(l => l[5..]).ToList();
            var whole = lines.FirstOrDefault(l => l.StartsWith("lines ", StringComparison.Ordinal))?[6..];
            if (!numbers.SequenceEqual(Enumerable.Range(1, numbers.Count).Select(n => n.ToString(CultureInfo.InvariantCulture)))
                || (whole is not null && whole != numbers.Count.ToString(CultureInfo.InvariantCulture)))
                violations.Add($"the log of {job.JobId}, attempt {attempt.Number}, has the lines {string.Join(' ', numbers)} of {whole}");
        }
        return violations;
    }

    public async ValueTask DisposeAsync()
    {
        if (!passed) TestContext.Current.TestOutputHelper?.WriteLine($"QGJOB_FAULTS_SEED={Seed.ToString(CultureInfo.InvariantCulture)} makes the same choices; QGJOB_FAULTS_KEEP=1 keeps the files.");
        if (Load is not null) await Load.DisposeAsync();
        await Site.DisposeAsync();
    }
}
