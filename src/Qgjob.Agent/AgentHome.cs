using Qgjob.Core;

namespace Qgjob.Agent;

/// <summary>The agent's data folder: its id, and where everything lies. Locked, so that no two agents share it.</summary>
internal sealed class AgentHome : IDisposable
{
    private readonly string folder;
    private readonly FileStream fence;

    private AgentHome(string folder, FileStream fence, string agentId) => (this.folder, this.fence, AgentId) = (folder, fence, agentId);

    /// <summary>Stays the same as long as the folder does.</summary>
    public string AgentId { get; }

    public string Builds => At("builds");

    public string Workspaces => At("workspaces");

    public string NodeModules => At("node-modules");

    public string Attempts => At("attempts");

    public string Outbox => At("outbox");

    public string Reports => At("reports");

    public string Phones => At("phones");

    public string Sdk => At("android-sdk");

    public string Logs => At("logs");

    public string InstallsFile => At("installs.json");

    public string ResidentsFile => At("residents.json");

    /// <exception cref="AgentStartException">Another agent uses the folder, or it cannot be written.</exception>
    public static AgentHome Open(string folder, IIdSource ids)
    {
        var root = Path.GetFullPath(folder);
        FileStream fence;
        try
        {
            Directory.CreateDirectory(root);
            fence = new FileStream(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new AgentStartException($"The agent's folder {root} cannot be written: {e.Message} Choose another with --data.");
        }
        catch (IOException e) when (File.Exists(Path.Combine(root, "lock")))
        {
            throw new AgentStartException($"Another agent uses {root} ({e.Message}). Stop it, or give this one a folder of its own with --data.");
        }

        return new AgentHome(root, fence, ReadId(Path.Combine(root, "agent-id"), ids));
    }

    public void Dispose() => fence.Dispose();

    /// <summary>Under the lock; the file is either whole or absent.</summary>
    private static string ReadId(string file, IIdSource ids)
    {
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } known) return known;
        var id = ids.NewId("a");
        File.WriteAllText(file + ".draft", id + "\n");
        File.Move(file + ".draft", file, overwrite: true);
        return id;
    }

    private string At(string name) => Path.Combine(folder, name);
}
