using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.BrowserStack;

/// <summary>All that an agent has for BrowserStack.</summary>
internal sealed class CloudParts : IDisposable
{
    private readonly BrowserStackClient client;
    private readonly CloudHub hub;

    /// <param name="isBusy">A slot has a job.</param>
    public CloudParts(BrowserStackAccount account, AgentOptions options, Func<string, bool> isBusy, string node, ProjectLists projects, IAgentConsole console, TimeProvider time)
    {
        client = new BrowserStackClient(account, time);
        hub = new CloudHub(account, time);
        Slots = new SlotBook(client, options.Name, options.Tags, options.BrowserStackSlots, isBusy, console, time);
        Runner = new CloudRunner(client, hub, Slots, new CloudBuilds(client, time), node, projects, time);
    }

    public SlotBook Slots { get; }

    public CloudRunner Runner { get; }

    public void Dispose()
    {
        client.Dispose();
        hub.Dispose();
    }
}
