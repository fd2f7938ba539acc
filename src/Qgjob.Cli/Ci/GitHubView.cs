using System.Text;
using System.Threading.Channels;
using Qgjob.Cli.Output;
using Qgjob.Cli.Watching;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Events;

namespace Qgjob.Cli.Ci;

/// <summary>A run in the log of GitHub Actions: a line for each event, and each file's log, folded, once it has ended.</summary>
internal sealed class GitHubView : IRunView
{
    // The end of a log says why; who wants all of it has 'qgjob logs'.
    private const int MostLines = 500;
    private const int MostBytes = 4 << 20;
    private static readonly TimeSpan LastLogs = TimeSpan.FromSeconds(30);

    private readonly GitHub github;
    private readonly QgjobClient client;
    private readonly StringWriter lines = new() { NewLine = "\n" };
    private readonly PlainView plain;
    private readonly Channel<(string JobId, string Title)> ended = Channel.CreateUnbounded<(string, string)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task printing;
    private readonly CancellationTokenSource stop = new();

    public GitHubView(GitHub github, QgjobClient client)
    {
        (this.github, this.client, plain) = (github, client, new PlainView(lines));
        printing = PrintLogsAsync();
    }

    public TimeSpan? TickEvery => null;

    public void Start(RunModel model)
    {
        plain.Start(model);
        Print();
    }

    public void Happened(RunModel model, JobEvent happened)
    {
        plain.Happened(model, happened);
        Print();
        if (happened is { Kind: "finished", JobId: { } id } && model.Find(id) is { } job)
            ended.Writer.TryWrite((id, $"{SafeText.Line(job.Label)}: {happened.Status}{(happened.DeviceId is { } device ? $" on {SafeText.Line(device)}" : "")}"));
    }

    public void Tick(RunModel model) { }

    public void Away(TimeSpan silence)
    {
        plain.Away(silence);
        Print();
    }

    public void Back()
    {
        plain.Back();
        Print();
    }

    /// <summary>Prints the logs of what has ended; not for ever.</summary>
    public async Task FinishAsync(TimeProvider time)
    {
        ended.Writer.TryComplete();
        try
        {
            await printing.WaitAsync(LastLogs, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            github.Print("the other logs take too long to come; 'qgjob logs JOB' shows them");
        }
    }

    public void Dispose()
    {
        ended.Writer.TryComplete();
        stop.Cancel();
        stop.Dispose();
    }

    private void Print()
    {
        var text = lines.ToString().TrimEnd('\n');
        lines.GetStringBuilder().Clear();
        if (text.Length > 0) github.Print(text);
    }

    private async Task PrintLogsAsync()
    {
        try
        {
            await foreach (var (job, title) in ended.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
                if (await LogAsync(job).ConfigureAwait(false) is { } log) github.Group(title, log);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for the rest.
        }
    }

    private async Task<IReadOnlyList<string>?> LogAsync(string job)
    {
        try
        {
            using var response = await client.OpenLogAsync(job, null, false, 0, stop.Token).ConfigureAwait(false);
            var bytes = new byte[MostBytes];
            var stream = await response.Content.ReadAsStreamAsync(stop.Token).ConfigureAwait(false);
            var read = await stream.ReadAtLeastAsync(bytes, MostBytes, throwOnEndOfStream: false, stop.Token).ConfigureAwait(false);
            var all = SafeText.Lines(Encoding.UTF8.GetString(bytes, 0, read)).ToList();
            return all.Count <= MostLines
                ? all
                : [$"… {all.Count - MostLines} lines before; all of it: qgjob logs {job}", .. all[^MostLines..]];
        }
        // A job that was canceled while it waited has none; and no verdict rests on a log.
        catch (Exception e) when (e is ApiException or ServerUnreachableException or HttpRequestException or IOException)
        {
            return null;
        }
    }
}
