using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Servers;

/// <summary>What the HTTP endpoints do between a request and the dispatcher, without HTTP.</summary>
internal sealed class ServerApi(Dispatcher dispatcher, TimeProvider time, IIdSource ids)
{
    public Task<RegisterAnswer> RegisterAsync(string agent, string boot, IReadOnlyList<DeviceOffer> devices, CancellationToken gone) =>
        dispatcher.SendAsync(new Register(agent, boot, agent, "0.1.0", Run.DefaultPool, devices, time.GetUtcNow()), gone);

    public async Task<WorkResponse> WorkAsync(WorkRequest request, CancellationToken gone)
    {
        var touch = await dispatcher.SendAsync(new Touch(request.AgentId, request.BootId, time.GetUtcNow()), gone);
        if (!touch.Known) throw new MustRegisterException();
        var poll = new WorkPoll(request.AgentId, request.BootId, request.FreeDevices, request.Leases, time.GetUtcNow());
        return await dispatcher.PollAsync(poll, TimeSpan.FromSeconds(request.WaitSeconds), gone) switch
        {
            WorkAnswer.News(var response) => response,
            _ => throw new MustRegisterException(),
        };
    }

    public async Task<IReadOnlyList<LeaseState>> RenewAsync(string agent, IReadOnlyList<LeaseRef> leases, CancellationToken gone) =>
        (await dispatcher.SendAsync(new Renew(agent, leases, SimServer.Settings.LeaseTtl, time.GetUtcNow()), gone)).States ?? throw new MustRegisterException();

    public async Task<IReadOnlyList<LeaseState>> ProgressAsync(IReadOnlyList<ProgressItem> items, CancellationToken gone)
    {
        var now = time.GetUtcNow();
        var answers = await dispatcher.SendAllAsync<ProgressAnswer>([.. items.Select(i => new Progress(
            i.Lease, now, i.Status, i.Message, i.Installed, i.InstallSeconds, i.TestsTotal, i.TestStarted, i.Test, i.Sequence))], gone);
        return [.. answers.Select(a => a.State)];
    }

    public async Task<bool> FinishAsync(FinishItem item, CancellationToken gone) =>
        await dispatcher.SendAsync(new Finish(item.Lease, item.FinishId, item.End, time.GetUtcNow()), gone) is FinishAnswer.Accepted;

    /// <returns>The run that the submission made, now or before; null when the key was used for something else.</returns>
    public async Task<string?> SubmitAsync(string org, IReadOnlyList<JobSpec> specs, string submission, string? key, string? supersede, bool failFast, CancellationToken gone)
    {
        var now = time.GetUtcNow();
        var run = new Run
        {
            Id = ids.NewId("r"),
            OrgId = org,
            CreatedAt = now,
            Meta = new Dictionary<string, string> { ["submission"] = submission },
            IdempotencyKey = key,
            BodyHash = key is null ? null : submission,
            SupersedeKey = supersede,
            FailFast = failFast,
            Total = specs.Count,
        };
        return await dispatcher.SendAsync(new Enqueue(run, [.. specs.Select(s => new NewJob(ids.NewId("j"), s))], now), gone) switch
        {
            EnqueueAnswer.Accepted => run.Id,
            EnqueueAnswer.Repeated(var earlier) => earlier.Id,
            _ => null,
        };
    }

    public async Task<int> CancelAsync(string run, string? job, CancellationToken gone) =>
        (await dispatcher.SendAsync(new Cancel(run, job, "Canceled by request.", time.GetUtcNow()), gone)).Canceled;

    public async Task<bool> OrderAsync(string device, FleetOrder order, CancellationToken gone) =>
        (await dispatcher.SendAsync(new OrderDevice(device, order, "by a person", time.GetUtcNow()), gone)).Found;

    public async Task<bool> DrainAsync(string agent, bool drain, CancellationToken gone) =>
        (await dispatcher.SendAsync(new DrainAgent(agent, drain, time.GetUtcNow()), gone)).Found;

    public async Task<bool> SetResourceAsync(string org, string name, IReadOnlyList<string> units, CancellationToken gone) =>
        (await dispatcher.SendAsync(new SetResource(org, name, units), gone)).Resource is not null;
}
