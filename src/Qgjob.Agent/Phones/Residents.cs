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
        installer.Removed = Forget;
    }

    /// <summary>Called when a noted build turned out not to be on its phone.</summary>
    public Action Corrected { get; set; } = () => { };

    public void Note(string deviceId, ResidentBuild build)
    {
        lock (_gate)
        {
            var known = _noted.GetValueOrDefault(deviceId) ?? [];
            if (known.Contains(build)) return;
            _noted[deviceId] = [.. known.Where(b => b.PackageId != build.PackageId), build];
            Save();
        }
    }

    /// <summary>What is noted, as long as nobody knows better.</summary>
    public IReadOnlyList<ResidentBuild> Noted(string deviceId)
    {
        lock (_gate) return [.. _noted.GetValueOrDefault(deviceId) ?? []];
    }

    /// <summary>What is noted and still on the phone, by the phone's own word: one question per build.</summary>
    /// <exception cref="AdbException">The phone does not answer; what is noted stands.</exception>
    public async Task<IReadOnlyList<ResidentBuild>> VerifyAsync(AdbDevice device, string deviceId, CancellationToken cancel)
    {
        var there = new List<ResidentBuild>();
        foreach (var build in Noted(deviceId))
            if (await _installer.ResidentAsync(device, deviceId, build.PackageId, cancel).ConfigureAwait(false) == build.Sha256) there.Add(build);
        var corrected = false;
        lock (_gate)
        {
            // Nothing else may have been noted meanwhile: a phone does one thing at a time.
            if (!Noted(deviceId).SequenceEqual(there))
            {
                _noted[deviceId] = [.. there];
                Save();
                corrected = true;
            }
        }

        if (corrected) Corrected();
        return there;
    }

    private void Forget(string deviceId, string package)
    {
        lock (_gate)
        {
            if (_noted.GetValueOrDefault(deviceId) is not { } known || known.RemoveAll(b => b.PackageId == package) == 0) return;
            Save();
        }

        Corrected();
    }

    private void Save()
    {
        try
        {
            var draft = _file + ".draft";
            File.WriteAllText(draft, JsonSerializer.Serialize(_noted, ResidentsJson.Default.DictionaryStringListResidentBuild));
            File.Move(draft, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk. After a restart it is missing, which costs an install; that is no reason to lose an attempt.
        }
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
