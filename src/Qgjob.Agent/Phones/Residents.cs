using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.Phones;

/// <summary>Remembers for which app version a build was installed; that it is still there, the installer finds out.</summary>
internal sealed class Residents
{
    private readonly string _file;
    private readonly Installer _installer;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<ResidentBuild>> _noted;

    public Residents(string file, Installer installer)
    {
        (_file, _installer) = (file, installer);
        _noted = Load(file);
    }

    public void Note(string deviceId, ResidentBuild build)
    {
        lock (_gate)
        {
            var known = _noted.GetValueOrDefault(deviceId) ?? [];
            if (known.Contains(build)) return;
            _noted[deviceId] = [.. known.Where(b => b.PackageId != build.PackageId), build];
            var draft = _file + ".draft";
            File.WriteAllText(draft, JsonSerializer.Serialize(_noted, ResidentsJson.Default.DictionaryStringListResidentBuild));
            File.Move(draft, _file, overwrite: true);
        }
    }

    /// <summary>What is noted, as long as nobody knows better.</summary>
    public IReadOnlyList<ResidentBuild> Noted(string deviceId)
    {
        lock (_gate) return [.. _noted.GetValueOrDefault(deviceId) ?? []];
    }

    /// <summary>What is noted and still on the phone, by the phone's own word.</summary>
    public async Task<IReadOnlyList<ResidentBuild>> VerifyAsync(AdbDevice device, string deviceId, CancellationToken cancel)
    {
        var there = new List<ResidentBuild>();
        foreach (var build in Noted(deviceId))
            if (await _installer.ResidentAsync(device, deviceId, build.PackageId, cancel).ConfigureAwait(false) == build.Sha256) there.Add(build);
        lock (_gate) _noted[deviceId] = [.. there];
        return there;
    }

    private static Dictionary<string, List<ResidentBuild>> Load(string file)
    {
        try
        {
            return File.Exists(file)
                ? JsonSerializer.Deserialize(File.ReadAllText(file), ResidentsJson.Default.DictionaryStringListResidentBuild) ?? []
                : [];
        }
        catch (JsonException)
        {
            return []; // A damaged memory only costs an install.
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Dictionary<string, List<ResidentBuild>>))]
internal sealed partial class ResidentsJson : JsonSerializerContext;
