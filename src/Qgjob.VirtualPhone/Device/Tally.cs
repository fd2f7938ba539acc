namespace Qgjob.Phones.Device;

/// <summary>Counts what the phone does; see <see cref="PhoneCounters"/>.</summary>
internal sealed class Tally
{
    // A caller that keeps asking new nonsense must not fill the memory.
    private const int MaxUnhandled = 200;

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> installs = [];
    private readonly Dictionary<string, int> uninstalls = [];
    private readonly Dictionary<string, int> clears = [];
    private readonly Dictionary<string, int> launches = [];
    private readonly Dictionary<string, int> unhandled = [];
    private int instrumentationStarts;

    public void Installed(string package) => Count(installs, package);

    public void Uninstalled(string package) => Count(uninstalls, package);

    public void Cleared(string package) => Count(clears, package);

    public void Launched(string package) => Count(launches, package);

    public void InstrumentationStarted() => Interlocked.Increment(ref instrumentationStarts);

    public void Unhandled(string request)
    {
        lock (gate)
        {
            var key = unhandled.Count < MaxUnhandled || unhandled.ContainsKey(request) ? request : "(more)";
            unhandled[key] = unhandled.GetValueOrDefault(key) + 1;
        }
    }

    public PhoneCounters Snapshot()
    {
        lock (gate)
        {
            return new PhoneCounters(new Dictionary<string, int>(installs), new Dictionary<string, int>(uninstalls),
                new Dictionary<string, int>(clears), new Dictionary<string, int>(launches),
                Volatile.Read(ref instrumentationStarts), new Dictionary<string, int>(unhandled));
        }
    }

    private void Count(Dictionary<string, int> counts, string key)
    {
        lock (gate)
            counts[key] = counts.GetValueOrDefault(key) + 1;
    }
}
