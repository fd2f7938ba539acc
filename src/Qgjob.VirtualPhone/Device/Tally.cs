namespace Qgjob.Phones.Device;

/// <summary>Counts what the phone does; see <see cref="PhoneCounters"/>.</summary>
internal sealed class Tally
{
    // A caller that keeps asking new nonsense must not fill the memory.
    private const int MaxUnhandled = 200;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _installs = [];
    private readonly Dictionary<string, int> _uninstalls = [];
    private readonly Dictionary<string, int> _clears = [];
    private readonly Dictionary<string, int> _launches = [];
    private readonly Dictionary<string, int> _unhandled = [];
    private int _instrumentationStarts;

    public void Installed(string package) => Count(_installs, package);

    public void Uninstalled(string package) => Count(_uninstalls, package);

    public void Cleared(string package) => Count(_clears, package);

    public void Launched(string package) => Count(_launches, package);

    public void InstrumentationStarted() => Interlocked.Increment(ref _instrumentationStarts);

    public void Unhandled(string request)
    {
        lock (_gate)
        {
            var key = _unhandled.Count < MaxUnhandled || _unhandled.ContainsKey(request) ? request : "(more)";
            _unhandled[key] = _unhandled.GetValueOrDefault(key) + 1;
        }
    }

    public PhoneCounters Snapshot()
    {
        lock (_gate)
        {
            return new PhoneCounters(new Dictionary<string, int>(_installs), new Dictionary<string, int>(_uninstalls),
                new Dictionary<string, int>(_clears), new Dictionary<string, int>(_launches),
                Volatile.Read(ref _instrumentationStarts), new Dictionary<string, int>(_unhandled));
        }
    }

    private void Count(Dictionary<string, int> counts, string key)
    {
        lock (_gate)
            counts[key] = counts.GetValueOrDefault(key) + 1;
    }
}
