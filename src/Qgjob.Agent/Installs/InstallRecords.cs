using System.Text.Json;
using System.Text.Json.Serialization;

namespace Qgjob.Agent.Installs;

/// <summary>What qgjob put on a phone, and how that looks from outside.</summary>
/// <param name="Fingerprint">From the phone's package manager; changes with every installation by anyone.</param>
/// <param name="LastUsed">When an attempt last needed it; decides what goes first when the phone is full.</param>
internal sealed record InstallRecord(string Sha256, string Fingerprint, DateTimeOffset LastUsed = default);

/// <summary>Installs by device key and package id, kept in one file that survives the agent.</summary>
internal sealed class InstallRecords
{
    private readonly string file;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, InstallRecord>> devices;

    public InstallRecords(string file)
    {
        this.file = file;
        devices = Load(file);
    }

    public InstallRecord? Find(string device, string package)
    {
        lock (gate) return devices.GetValueOrDefault(device)?.GetValueOrDefault(package);
    }

    /// <summary>Package ids that qgjob installed on a device.</summary>
    public IReadOnlyDictionary<string, InstallRecord> Of(string device)
    {
        lock (gate) return new Dictionary<string, InstallRecord>(devices.GetValueOrDefault(device) ?? []);
    }

    public void Set(string device, string package, InstallRecord? record)
    {
        lock (gate)
        {
            if (!devices.TryGetValue(device, out var packages)) devices[device] = packages = [];
            if (record is null) packages.Remove(package);
            else packages[package] = record;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var draft = file + ".draft";
            File.WriteAllText(draft, JsonSerializer.Serialize(devices, InstallJson.Default.DictionaryStringDictionaryStringInstallRecord));
            File.Move(draft, file, overwrite: true);
        }
    }

    private static Dictionary<string, Dictionary<string, InstallRecord>> Load(string file)
    {
        try
        {
            return File.Exists(file)
                ? JsonSerializer.Deserialize(File.ReadAllText(file), InstallJson.Default.DictionaryStringDictionaryStringInstallRecord) ?? []
                : [];
        }
        catch (JsonException)
        {
            return []; // A damaged memory only costs an install.
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, InstallRecord>>))]
internal sealed partial class InstallJson : JsonSerializerContext;
