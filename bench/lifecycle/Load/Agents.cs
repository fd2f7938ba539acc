using System.Globalization;
using System.Net;
using System.Text;
using Qgjob.Lifecycle.Wire;

namespace Qgjob.Lifecycle.Load;

/// <summary>Agents whose tests take no time: each polls for its free devices, finishes what it gets, and polls again.</summary>
internal sealed class Agents(IPEndPoint server, Tally tally, PickUps pickUps)
{
    /// <summary>Registers agents and lets them work until they are told to stop.</summary>
    /// <param name="name">What their names begin with.</param>
    /// <param name="agents">How many.</param>
    /// <param name="devicesEach">Devices of each.</param>
    /// <param name="cancel">Ends them.</param>
    /// <returns>What ends when one of them has, and fails when it did.</returns>
    public async Task<Task> StartAsync(string name, int agents, int devicesEach, CancellationToken cancel)
    {
        var working = new List<Task>();
        for (var i = 0; i < agents; i++)
        {
            var agent = new Agent($"{name}-{i}", devicesEach);
            var link = await HttpLink.OpenAsync(server, cancel);
            (await link.PostAsync("/agent/v1/register", agent.Registration(), cancel)).Expect(200);
            working.Add(WorkAsync(agent, link, cancel));
        }
        return FirstAsync(working);
    }

    /// <summary>Ends with the first that ends: one that fails must not go unnoticed while the others wait.</summary>
    internal static async Task FirstAsync(IEnumerable<Task> all) => await await Task.WhenAny(all);

    private async Task WorkAsync(Agent agent, HttpLink link, CancellationToken cancel)
    {
        using var owned = link;
        var leases = new List<Answers.Lease>();
        var poll = agent.Poll(agent.Devices, [], 30);
        while (!cancel.IsCancellationRequested)
            try
            {
                Answers.Leases((await link.PostAsync("/agent/v1/work", poll, cancel)).Expect(200).Span, leases);
                if (leases.Count == 0) continue;
                foreach (var lease in leases)
                    if (lease.Stamp > 0) pickUps.Add(Stamps.MillisecondsSince(lease.Stamp));
                var (accepted, refused) = Answers.Booleans((await link.PostAsync("/agent/v1/finish", Agent.Finish(leases), cancel)).Expect(200).Span);
                tally.Refused(refused);
                if (accepted != leases.Count) throw new InvalidOperationException("the server did not answer for every end");
                foreach (var lease in leases) tally.Add(lease.JobId);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
    }
}

/// <summary>An agent's requests.</summary>
internal sealed class Agent(string name, int devices)
{
    public IReadOnlyList<string> Devices { get; } = [.. Enumerable.Range(0, devices).Select(d => $"{name}/{d}")];
    public string Name => name;

    public string Registration(string target = "device")
    {
        var json = new StringBuilder($$"""{"agent_id":"{{name}}","boot_id":"b1","name":"{{name}}","version":"1","devices":[""");
        for (var i = 0; i < Devices.Count; i++)
            json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture,
                $$"""{"id":"{{Devices[i]}}","target":"{{target}}","platform":"android","os_version":"13","model":"Pixel 7","tags":[],"residents":[],"virtual":true}""");
        return json.Append("]}").ToString();
    }

    public string Poll(IReadOnlyList<string> free, IReadOnlyList<Answers.Lease> leases, int waitSeconds) =>
        $$"""{"agent_id":"{{name}}","boot_id":"b1","free_devices":[{{string.Join(',', free.Select(d => $"\"{d}\""))}}],"leases":[{{References(leases)}}],"wait_seconds":{{waitSeconds}}}""";

    public string Renewal(IReadOnlyList<Answers.Lease> leases) => $$"""{"agent_id":"{{name}}","leases":[{{References(leases)}}]}""";

    /// <summary>Ends with one passed test each, as the report of a small spec file has it.</summary>
    public static string Finish(IReadOnlyList<Answers.Lease> leases)
    {
        var json = new StringBuilder("{\"items\":[");
        for (var i = 0; i < leases.Count; i++)
            json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture,
                $$$"""{"lease":{"device_id":"{{{leases[i].DeviceId}}}","token":{{{leases[i].Token}}}},"finish_id":"f-{{{leases[i].JobId}}}","end":{"outcome":"passed","run_seconds":20,"tests":[{"title_path":["todo","adds an item"],"file":"tests/case.spec.ts","line":7,"status":"passed","duration_ms":1200}]}}""");
        return json.Append("]}").ToString();
    }

    private static string References(IReadOnlyList<Answers.Lease> leases) =>
        string.Join(',', leases.Select(l => $$"""{"device_id":"{{l.DeviceId}}","token":{{l.Token}}}"""));
}
