namespace Qgjob.Agent.Leases;

/// <summary>Tells people once that the server is away, and once that it is back, however many calls fail meanwhile.</summary>
internal sealed class ServerNews(IAgentConsole console)
{
    private int down;

    public void Down(string message)
    {
        if (Interlocked.Exchange(ref down, 1) == 0) console.Warn($"{message} Trying again until it answers.");
    }

    public void Up()
    {
        if (Interlocked.Exchange(ref down, 0) == 1) console.Say("The server answers again.");
    }
}
