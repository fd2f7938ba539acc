namespace Qgjob.Server.Hosting;

/// <summary>What the store says that whoever runs the server should know, as warnings of the log. A store is opened before there is a log: until then they are kept.</summary>
internal sealed partial class StoreWarnings
{
    private readonly Lock gate = new();
    private readonly List<string> early = [];
    private ILogger? log;

    /// <summary>Any thread may call it.</summary>
    public void Add(string text)
    {
        ILogger? to;
        lock (gate)
        {
            to = log;
            if (to is null) early.Add(text);
        }
        if (to is not null) LogWarning(to, text);
    }

    /// <summary>There is a log from now on.</summary>
    public void LogTo(ILogger log)
    {
        string[] kept;
        lock (gate)
        {
            this.log = log;
            kept = [.. early];
            early.Clear();
        }
        foreach (var text in kept) LogWarning(log, text);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Text}")]
    private static partial void LogWarning(ILogger log, string text);
}
