using Qgjob.Simulation.Tests.Servers;

namespace Qgjob.Simulation.Tests.World;

/// <summary>The server did not answer: the caller does not know whether it did anything.</summary>
internal sealed class NoAnswerException(string message) : Exception(message);

/// <summary>The server does not know this boot of the agent.</summary>
internal sealed class MustRegisterException : Exception;

/// <summary>Calls between processes, which get lost, come twice, late and in another order.</summary>
internal sealed class Network(SimWorld world)
{
    private readonly HashSet<(string Caller, int Server)> cut = [];

    public void Cut(string caller, int server) => cut.Add((caller, server));

    public void Mend(string caller, int server) => cut.Remove((caller, server));

    public void MendAll() => cut.Clear();

    /// <summary>Calls a server; runs in the caller's process.</summary>
    public async Task<T> CallAsync<T>(SimProcess from, string caller, SimServer to, string what, Func<ServerApi, CancellationToken, Task<T>> call, TimeSpan limit)
    {
        var answer = new TaskCompletionSource<T>();
        var rates = world.Rates;
        var gaveUp = new CancellationTokenSource();
        var over = new VirtualTimer(from, _ => answer.TrySetException(new NoAnswerException("too slow")), null, limit, Timeout.InfiniteTimeSpan);
        var copies = world.Chance(rates.TwiceRequest) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            if (cut.Contains((caller, to.Number)) || world.Chance(rates.LostRequest))
            {
                world.History.Note(caller, $"{what} to s{to.Number} is lost");
                continue;
            }
            // Whom it reaches is who runs there when it comes.
            world.After(Delay(), () => to.Receive(what, call, (reply, error) => Reply(caller, to, what, answer, reply, error), gaveUp.Token));
        }
        if (!to.IsUp && copies == 1 && !cut.Contains((caller, to.Number)))
            world.After(Delay(), () => answer.TrySetException(new NoAnswerException("refused")));
        try
        {
            return await answer.Task;
        }
        finally
        {
            over.Dispose();
            // The server hears that nobody listens any more.
            if (!answer.Task.IsCompletedSuccessfully) world.After(Delay(), gaveUp.Cancel);
        }
    }

    private void Reply<T>(string caller, SimServer to, string what, TaskCompletionSource<T> answer, T? reply, Exception? error)
    {
        if (cut.Contains((caller, to.Number)) || world.Chance(world.Rates.LostReply))
        {
            world.History.Note(caller, $"{what} of s{to.Number}: the answer is lost");
            if (world.Chance(0.5)) world.After(Delay(), () => answer.TrySetException(new NoAnswerException("broken off")));
            return;
        }
        world.After(Delay(), () =>
        {
            if (error is null) answer.TrySetResult(reply!);
            else if (error is MustRegisterException) answer.TrySetException(error);
            else answer.TrySetException(new NoAnswerException(error.Message));
        });
    }

    private TimeSpan Delay() => world.Chance(world.Rates.SlowMessage) ? world.Between(0.5, 12) : world.Between(0.0002, 0.02);
}
