namespace Qgjob.Phones.Device;

/// <summary>The phone's running processes: a name each, as ps shows it. Guarded by the phone's gate.</summary>
internal sealed class Processes
{
    private readonly SortedDictionary<int, string> byPid = new()
    {
        [1] = "init",
        [Logcat.SystemPid] = "system_server",
        [1200] = "com.android.systemui",
        [1300] = "com.android.launcher3",
    };

    private int lastPid = 3000;

    public IEnumerable<(int Pid, string Name)> All => byPid.Select(p => (p.Key, p.Value));

    public IReadOnlyList<int> Named(string name) => [.. byPid.Where(p => p.Value == name).Select(p => p.Key)];

    public string? Name(int pid) => byPid.GetValueOrDefault(pid);

    public int Start(string name)
    {
        if (Named(name) is [var running, ..])
            return running;
        byPid[++lastPid] = name;
        return lastPid;
    }

    public void Stop(string name)
    {
        foreach (var pid in Named(name))
            byPid.Remove(pid);
    }
}
