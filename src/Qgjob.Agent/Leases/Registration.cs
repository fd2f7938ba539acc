using System.Net;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.Leases;

/// <summary>Who this agent is to the server.</summary>
/// <param name="BootId">New with every start.</param>
internal sealed record AgentIdentity(string AgentId, string BootId, string Name, string Version, string? Pool);

/// <summary>Tells the server what the agent offers: at the start, on every change, and when the server has forgotten it.</summary>
internal sealed class Registration(
    AgentClient client, AgentIdentity identity, Func<IReadOnlyList<DeviceOffer>> offers, LeaseKeeper leases,
    ServerNews news, IAgentConsole console, TimeProvider time, Random random)
{
    // A hub that is unplugged takes its phones away one by one.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);
    private readonly Pulse needed = new(time);
    private TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? said;

    /// <summary>Ends when the server knows this agent.</summary>
    public Task Done => Volatile.Read(ref done).Task;

    /// <summary>The devices have changed.</summary>
    public void Refresh() => needed.Set();

    /// <summary>The server does not know this agent (any more).</summary>
    public void Forget()
    {
        if (Done.IsCompleted) Volatile.Write(ref done, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        needed.Set();
    }

    /// <summary>Registers, and again whenever it is needed, until cancelled.</summary>
    /// <exception cref="AgentStartException">The server refuses this agent from the start.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await RegisterAsync(cancel).ConfigureAwait(false);
            done.TrySetResult();
            while (!await needed.WaitAsync(Forever, cancel).ConfigureAwait(false))
            {
                // Nothing to say; the polls show that the agent lives.
            }

            if (Done.IsCompleted) await Task.Delay(Settle, time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Takes all devices back, so that the server sends no more work.</summary>
    public async Task LeaveAsync(CancellationToken cancel)
    {
        try
        {
            await client.RegisterAsync(Request([]), cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ApiException or ServerUnreachableException or OperationCanceledException)
        {
            // Then it notices the silence.
        }
    }

    private async Task RegisterAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            var offered = offers();
            try
            {
                var answer = await client.RegisterAsync(Request(offered), cancel).ConfigureAwait(false);
                leases.Terms = LeaseTerms.Of(answer);
                news.Up();
                Say(offered);
                return;
            }
            catch (ApiException e) when (said is null && e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw new AgentStartException($"The server refuses this agent: {e.Message} Set --token or QGJOB_TOKEN.");
            }
            catch (ApiException e) when (said is null && e.Status is HttpStatusCode.BadRequest or HttpStatusCode.Conflict)
            {
                throw new AgentStartException($"The server refuses this agent: {e.Message}");
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                news.Down(e.Message);
                await backoff.WaitAsync(cancel).ConfigureAwait(false);
            }
        }
    }

    private RegisterRequest Request(IReadOnlyList<DeviceOffer> offered) =>
        new(identity.AgentId, identity.BootId, identity.Name, identity.Version, identity.Pool, offered);

    private void Say(IReadOnlyList<DeviceOffer> offered)
    {
        var line = offered.Count == 0
            ? "No device to offer yet."
            : $"Offering {offered.Count} device{(offered.Count == 1 ? "" : "s")}: {string.Join(", ", offered.Select(Name))}.";
        if (line == said) return;
        said = line;
        console.Say(line);
    }

    private static string Name(DeviceOffer offer) => offer switch
    {
        { Models: not null } => $"{offer.Id} ({offer.Model})",
        { StartSeconds: not null } => $"{offer.Id} ({offer.Model}, Android {offer.OsVersion}, starts when there is work)",
        _ => $"{offer.Id} ({offer.Model}, Android {offer.OsVersion})",
    };
}
