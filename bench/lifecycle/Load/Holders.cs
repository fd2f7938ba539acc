using System.Globalization;
using System.Net;
using System.Text;
using Qgjob.Lifecycle.Wire;

namespace Qgjob.Lifecycle.Load;

/// <summary>Agents with forty devices each, all at work on long tests: they renew every 20 s and keep a poll open, as real ones do.</summary>
internal sealed class Holders(IPEndPoint server)
{
    private const int DevicesEach = 40;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(20);
    private long renewed;

    /// <summary>Leases renewed so far.</summary>
    public long Renewed => Interlocked.Read(ref renewed);

    /// <summary>Gives every device a job and holds it from then on.</summary>
    /// <returns>What ends when one of them has, and fails when it did.</returns>
    public async Task<Task> StartAsync(int devices, CancellationToken cancel)
    {
        var agents = Enumerable.Range(0, Math.Max(1, devices / DevicesEach)).Select(i => new Agent($"h-{i}", DevicesEach)).ToList();
        using var link = await HttpLink.OpenAsync(server, cancel);
        var holding = new List<Task>();
        for (var i = 0; i < agents.Count; i++)
        {
            (await link.PostAsync("/agent/v1/register", agents[i].Registration("emulator"), cancel)).Expect(200);
            (await link.PostAsync("/api/v1/runs", Submission(i), cancel)).Expect(201);
            var leases = new List<Answers.Lease>();
            var got = new List<Answers.Lease>();
            while (leases.Count < DevicesEach)
            {
                var free = agents[i].Devices.Except(leases.Select(l => l.DeviceId)).ToList();
                Answers.Leases((await link.PostAsync("/agent/v1/work", agents[i].Poll(free, leases, 1), cancel)).Expect(200).Span, got);
                leases.AddRange(got);
            }
            holding.Add(RenewAsync(agents[i], leases, i * Every / agents.Count, cancel));
            holding.Add(PollAsync(agents[i], leases, cancel));
        }
        return Agents.FirstAsync(holding);
    }

    private async Task RenewAsync(Agent agent, List<Answers.Lease> leases, TimeSpan phase, CancellationToken cancel)
    {
        using var link = await HttpLink.OpenAsync(server, cancel);
        var renewal = agent.Renewal(leases);
        await Task.Delay(phase, TimeProvider.System, cancel);
        using var timer = new PeriodicTimer(Every);
        do
        {
            var said = Encoding.UTF8.GetString((await link.PostAsync("/agent/v1/renew", renewal, cancel)).Expect(200).Span);
            if (said.Contains("lost", StringComparison.Ordinal)) throw new InvalidOperationException($"agent {agent.Name} lost leases that it renewed");
            Interlocked.Add(ref renewed, leases.Count);
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    private async Task PollAsync(Agent agent, List<Answers.Lease> leases, CancellationToken cancel)
    {
        using var link = await HttpLink.OpenAsync(server, cancel);
        var poll = agent.Poll([], leases, 60);
        while (true) (await link.PostAsync("/agent/v1/work", poll, cancel)).Expect(200);
    }

    private static string Submission(int number)
    {
        var json = new StringBuilder();
        json.Append(CultureInfo.InvariantCulture, $$"""{"org_id":"hold-{{number % 50}}","app_version_id":"v-{{number}}","target":"emulator","tests":[""");
        for (var i = 0; i < DevicesEach * 3; i++) json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"\"tests/long_{i}.spec.ts\"");
        return json.Append("]}").ToString();
    }
}
