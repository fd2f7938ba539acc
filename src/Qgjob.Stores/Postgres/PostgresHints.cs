using System.Threading.Channels;
using Npgsql;

namespace Qgjob.Stores.Postgres;

/// <summary>Hears of other servers' commits on a connection of its own, which opens anew by itself.</summary>
internal sealed class PostgresHints : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> heard = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource closing = new();
    private readonly NpgsqlDataSource source;
    private readonly string channel;
    private readonly TimeProvider time;
    private Task listening = Task.CompletedTask;

    public PostgresHints(NpgsqlConnectionStringBuilder settings, string channel, TimeProvider time)
    {
        (this.channel, this.time) = (channel, time);
        settings.Pooling = false;
        settings.MaxAutoPrepare = 0;
        settings.KeepAlive = 10;
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableTransportSecurity();
        source = builder.Build();
    }

    /// <summary>The server process whose commits are our own.</summary>
    public int OwnProcess { get; set; }

    public void Start() => listening = ListenAsync();

    public async Task WaitAsync(CancellationToken cancel) => await heard.Reader.ReadAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await listening;
        await source.DisposeAsync();
        closing.Dispose();
    }

    private async Task ListenAsync()
    {
        var pause = FirstPause;
        while (!closing.IsCancellationRequested)
            try
            {
                await using var connection = await source.OpenConnectionAsync(closing.Token);
                connection.Notification += (_, told) =>
                {
                    if (told.PID != OwnProcess) heard.Writer.TryWrite(true);
                };
                await using (var listen = new NpgsqlCommand($"LISTEN {channel}", connection)) await listen.ExecuteNonQueryAsync(closing.Token);
                // Something may have been committed while nobody listened.
                heard.Writer.TryWrite(true);
                pause = FirstPause;
                while (true) await connection.WaitAsync(closing.Token);
            }
            catch (Exception ex) when (PostgresFailure.Is(ex))
            {
                // Hints only make it earlier: whoever follows looks by itself meanwhile.
                if (closing.IsCancellationRequested) return;
                await Task.Delay(pause, time, closing.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
    }
}
