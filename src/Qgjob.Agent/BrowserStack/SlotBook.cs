using System.Globalization;
using Qgjob.Agent.Leases;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.BrowserStack;

/// <summary>The account's parallel sessions as devices: as many slots as others leave free, looked after while the agent runs.</summary>
/// <param name="most">At most so many; null for all that there are.</param>
/// <param name="isBusy">A slot has a job.</param>
internal sealed class SlotBook(
    BrowserStackClient client, string agentName, IReadOnlyList<string> tags, int? most, Func<string, bool> isBusy, IAgentConsole console, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollRefused = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ReservePoll = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ModelsFresh = TimeSpan.FromHours(6);
    // A short trouble of BrowserStack's takes no slot away: attempts wait by themselves.
    private static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly SortedSet<int> offered = [];
    private readonly Pulse wake = new(time);
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<DeviceModel> models = [];
    private long? modelsAt;
    private int reserved;
    private int open;
    private string? said;

    /// <summary>Called when slots came or went.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>Ends when BrowserStack was asked for the first time, whatever it said.</summary>
    public Task Asked => asked.Task;

    public IReadOnlyList<DeviceOffer> Offers
    {
        get { lock (gate) return [.. offered.Select(n => OfferOf(IdOf(n)))]; }
    }

    public IReadOnlyList<DeviceModel> Models
    {
        get { lock (gate) return models; }
    }

    /// <summary>The slot of that id, also one that is not offered any more: its job may come late, and waits its turn.</summary>
    public DeviceOffer? Find(string id)
    {
        var prefix = IdPrefix;
        lock (gate) return id.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(id.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? OfferOf(id) : null;
    }

    /// <summary>Follows the account until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var good = time.GetTimestamp();
        while (true)
        {
            var pause = Poll;
            try
            {
                if (modelsAt is not { } at || time.GetElapsedTime(at) > ModelsFresh) await ReadModelsAsync(cancel).ConfigureAwait(false);
                Offer(await client.PlanAsync(cancel).ConfigureAwait(false));
                good = time.GetTimestamp();
                said = null;
            }
            catch (BrowserStackRefusedException e)
            {
                Withdraw($"{e.Message} No slots are offered.");
                pause = PollRefused;
            }
            catch (BrowserStackException e)
            {
                if (time.GetElapsedTime(good) > Forgiven || offered.Count == 0) Withdraw($"{e.Message} No slots are offered until it answers.");
            }

            asked.TrySetResult();
            await wake.WaitAsync(pause, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a parallel session is free, asked of BrowserStack at this moment, and holds it for an attempt.</summary>
    /// <param name="waits">Called once when it is not free at once.</param>
    public async Task<Reservation> ReserveAsync(Action<CloudPlan> waits, CancellationToken cancel)
    {
        for (var first = true; ; first = false)
        {
            var plan = await client.PlanAsync(cancel).ConfigureAwait(false);
            lock (gate)
            {
                if (plan.ForUs(open) > reserved)
                {
                    reserved++;
                    return new Reservation(this);
                }
            }

            if (first) waits(plan);
            await Task.Delay(ReservePoll, time, cancel).ConfigureAwait(false);
        }
    }

    private string IdPrefix => $"{agentName}/browserstack-";

    private string IdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{number}");

    private DeviceOffer OfferOf(string id) => new(id, Target.Browserstack, Platform.Android, "", "BrowserStack", tags, []) { Agent = agentName, Models = models };

    private async Task ReadModelsAsync(CancellationToken cancel)
    {
        var read = CloudDeviceChoice.Models(await client.DevicesAsync(cancel).ConfigureAwait(false));
        lock (gate) models = read;
        modelsAt = time.GetTimestamp();
    }

    private void Offer(CloudPlan plan)
    {
        bool changed;
        lock (gate)
        {
            // Those with a job stay; of the others the first ones.
            var busy = offered.Where(n => isBusy(IdOf(n))).ToList();
            var count = Math.Max(busy.Count, Math.Min(most ?? int.MaxValue, plan.ForUs(open)));
            var next = new SortedSet<int>(busy);
            for (var n = 1; next.Count < count; n++) next.Add(n);
            changed = !next.SetEquals(offered);
            offered.Clear();
            offered.UnionWith(next);
        }

        if (changed) Changed();
        if (plan.Most == 0) Say("BrowserStack: the account's plan has no parallel sessions for App Automate. No slots are offered.");
    }

    private void Withdraw(string why)
    {
        bool changed;
        lock (gate) changed = offered.RemoveWhere(n => !isBusy(IdOf(n))) > 0;
        Say(why);
        if (changed) Changed();
    }

    private void Say(string line)
    {
        if (said == line) return;
        said = line;
        console.Warn(line);
    }

    /// <summary>A parallel session that an attempt holds; disposing it gives it back.</summary>
    internal sealed class Reservation(SlotBook book) : IDisposable
    {
        private int mine;
        private bool returned;

        /// <summary>A session is open there now, or is not any more.</summary>
        public void Note(bool opened)
        {
            lock (book.gate)
            {
                if (returned) return;
                mine += opened ? 1 : -1;
                book.open += opened ? 1 : -1;
            }
        }

        public void Dispose()
        {
            lock (book.gate)
            {
                if (returned) return;
                returned = true;
                book.reserved--;
                book.open -= mine;
            }

            book.wake.Set();
        }
    }
}
