using Qgjob.Core.Jobs;
using Qgjob.Simulation.Tests.Servers;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.People;

/// <summary>A CI that submits runs, repeats what was not answered if a key makes that safe, and cancels some.</summary>
internal sealed class Submitter(SimWorld world, string name)
{
    private readonly SimProcess process = new(world.Scheduler, name);
    private int submissions;
    private int open;

    public bool IsDone => open == 0;

    public void Start(int runs)
    {
        for (var i = 0; i < runs; i++)
        {
            open++;
            process.Start(SubmitAsync);
        }
    }

    private async Task SubmitAsync()
    {
        await PauseAsync(0, 40);
        var submission = $"{name}-{++submissions}";
        var org = world.Chance(0.7) ? "acme" : "other";
        var key = world.Chance(0.7) ? submission : null;
        var supersede = world.Chance(0.2) ? "main" : null;
        var failFast = world.Chance(0.15);
        var specs = Enumerable.Range(0, 1 + world.Random.Next(4)).Select(_ => Spec(org)).ToList();
        string? run = null;
        while (run is null)
            try
            {
                run = await CallAsync("submit", (s, gone) => s.SubmitAsync(org, specs, submission, key, supersede, failFast, gone));
                if (run is null) world.Break(Promise.OneRunPerSubmission, $"{submission}: its key counts as taken by another", submission);
                world.History.Note(name, $"{submission} is {run}");
                world.Commits.Submitted(submission, run ?? "", specs.Count, key is not null);
            }
            catch (NoAnswerException)
            {
                // Without a key nobody may say it again.
                if (key is null) break;
                await PauseAsync(0.1, 2);
            }
        if (run is not null && world.Chance(0.3)) await CancelAsync(run);
        if (run is not null && key is not null && world.Chance(0.3)) await RepeatAsync(org, specs, submission, key, supersede, failFast, run);
        open--;
    }

    /// <summary>Long after, somebody submits with the same key once more.</summary>
    private async Task RepeatAsync(string org, List<JobSpec> specs, string submission, string key, string? supersede, bool failFast, string run)
    {
        await PauseAsync(0, 30);
        try
        {
            var again = await CallAsync("submit", (s, gone) => s.SubmitAsync(org, specs, submission, key, supersede, failFast, gone));
            if (again != run) world.Break(Promise.OneRunPerSubmission, $"{submission} was {run}, and now is {again}", submission, run, again ?? "");
        }
        catch (NoAnswerException)
        {
            // It was accepted before.
        }
    }

    private async Task CancelAsync(string run)
    {
        await PauseAsync(0, 15);
        var job = world.Chance(0.5) ? world.Commits.JobsOf(run).FirstOrDefault() : null;
        while (true)
            try
            {
                await CallAsync("cancel", (s, gone) => s.CancelAsync(run, job, gone));
                world.History.Note(name, $"canceled {run} {job}");
                world.Commits.Canceled(run, job);
                return;
            }
            catch (NoAnswerException)
            {
                await PauseAsync(0.1, 2);
            }
    }

    private JobSpec Spec(string org) => new()
    {
        OrgId = org,
        AppVersionId = world.Chance(0.7) ? "v1" : "v2",
        TestPath = $"tests/t{world.Random.Next(4)}.spec.ts",
        Device = world.Chance(0.4) ? "tag=lab" : null,
        MaxAttempts = 1 + world.Random.Next(2),
        InfraAttempts = 1 + world.Random.Next(4),
        Resources = world.Chance(0.15) ? ["account"] : [],
        Limits = new Limits(QueueSeconds: world.Chance(0.05) ? 20 : 3600),
    };

    private Task<T> CallAsync<T>(string what, Func<ServerApi, CancellationToken, Task<T>> call) =>
        world.Network.CallAsync(process, name, world.Servers[world.Random.Next(world.Servers.Count)], what, call, TimeSpan.FromSeconds(10));

    private Task PauseAsync(double from, double to) => Task.Delay(world.Between(from, to), process.Time, CancellationToken.None);
}
