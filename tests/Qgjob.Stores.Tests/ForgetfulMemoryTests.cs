using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Stores.Tests;

/// <summary>The memory store without history, as simulations use it.</summary>
public sealed class ForgetfulMemoryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_over_is_forgotten_and_a_canceled_job_when_its_attempt_is()
    {
        await using var store = new MemoryStore(keepHistory: false);
        var lab = new Lab(store, Cancel);
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec(), Lab.Spec());
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[0]), AttemptOutcome.Passed);
        Assert.Null(await store.FindJobAsync(jobs[0], Cancel));

        var lease = await lab.ClaimAsync("d1", jobs[1]);
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[1])).RunId, null, "stop", lab.Now));
        Assert.Equal(LeaseState.Cancel, await lab.RenewAsync("a1", lease));
        await lab.FinishAsync(lease, AttemptOutcome.Canceled);
        Assert.Null(await store.FindJobAsync(jobs[1], Cancel));
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.Equal(0, (await lab.OrgAsync()).Active);
    }
}
