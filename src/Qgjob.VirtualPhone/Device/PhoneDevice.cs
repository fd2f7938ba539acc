using Qgjob.Phones.Packages;
using Qgjob.Phones.Ui;
using Qgjob.Phones.UiAutomator;

namespace Qgjob.Phones.Device;

/// <summary>The parts of one phone, and the gate that guards what they share.</summary>
internal sealed class PhoneDevice : IDisposable
{
    public PhoneDevice(VirtualPhoneOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        Pace = new Pace(options, time);
        Faults = new Faults(this);
        Log = new Logcat(time);
        Store = new PhoneStore(options.DataFolder);
        var saved = Store.Load();
        Properties = PhoneProperties.For(options);
        Settings = new Dictionary<string, string>(saved.Settings);
        Files = new PhoneFiles(Store, time, saved.Files);
        Screen = new PhoneScreen(this);
        Packages = new PackageManager(this, saved);
        Automator = new Automator(this);
        Started = time.GetUtcNow();
    }

    /// <summary>Held only for moments, never across a wait. What a member guards by it, it says.</summary>
    public Lock Gate { get; } = new();

    public VirtualPhoneOptions Options { get; }

    public TimeProvider Time { get; }

    public DateTimeOffset Started { get; }

    public Pace Pace { get; }

    public Faults Faults { get; }

    public Tally Tally { get; } = new();

    public Logcat Log { get; }

    public PhoneStore Store { get; }

    /// <summary>What getprop shows. Guarded by the gate.</summary>
    public SortedDictionary<string, string> Properties { get; }

    /// <summary>What settings shows, as "namespace/name". Guarded by the gate.</summary>
    public Dictionary<string, string> Settings { get; }

    public Processes Processes { get; } = new();

    public PhoneFiles Files { get; }

    public PackageManager Packages { get; }

    public PhoneScreen Screen { get; }

    public Automator Automator { get; }

    public string Clipboard { get; set; } = "";

    /// <summary>Ends all that runs of a package.</summary>
    public void ForceStop(string package)
    {
        lock (Gate)
        {
            Processes.Stop(package);
            Screen.Stop(package);
        }

        Automator.PackageStopped(package);
    }

    public void Dispose()
    {
        Faults.Dispose();
        Packages.Dispose();
    }

    /// <summary>As after a factory reset: what was installed, pushed and set is gone, and what ran has ended.</summary>
    public void Wipe()
    {
        Log.Write('W', "qgjob-fault", "wiped");
        foreach (var package in Packages.All)
            Packages.Uninstall(package.Id, keepData: false);
        lock (Gate)
        {
            foreach (var file in Files.ToSave().ToList())
                Files.Remove(file.Path);
            Settings.Clear();
            Clipboard = "";
            Screen.Rotate(landscape: false);
            Save();
        }
    }

    /// <summary>Writes down what must survive a restart. The caller holds the gate.</summary>
    public void Save() => Store.Save(new PhoneState
    {
        LastBlob = Store.LastBlob,
        LastUid = Packages.LastUid,
        Packages = [.. Packages.ToSave()],
        Files = [.. Files.ToSave()],
        Settings = new SortedDictionary<string, string>(Settings, StringComparer.Ordinal),
    });
}
