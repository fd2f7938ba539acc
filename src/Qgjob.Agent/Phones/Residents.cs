using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.Phones;

/// <summary>Remembers for which app version a build was installed; that it is still there, the installer finds out.</summary>
internal sealed class Residents
{
    private readonly string file;
    private readonly Installer installer;
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<ResidentBuild>> noted;

    public Residents(string file, Installer installer)
    {
        (this.file, this.installer) = (file, installer);
        noted = Load(file);
        installer.Removed = Forget;
    }

    /// <summary>Called when a noted build turned out not to be on its phone.</summary>
    public Action Corrected { get; set; } = () => { };

    public void Note(string deviceId, ResidentBuild build)
    {
        lock (gate)
        {
            var known = noted.GetValueOrDefault(deviceId) ?? [];
            if (known.Contains(build)) return;
            noted[deviceId] = [.. known.Where(b => b.PackageId != build.PackageId), build];
            Save();
        }
    }

    /// <summary>What is noted, as long as nobody knows better.</summary>
    public IReadOnlyList<ResidentBuild> Noted(string deviceId)
    {
        lock (gate) return [.. noted.GetValueOrDefault(deviceId) ?? []];
    }

    /// <summary>What is noted and still on the phone, by the phone's own word: one question per build.</summary>
    /// <exception cref="AdbException">The phone does not answer; what is noted stands.</exception>
    public async Task<IReadOnlyList<ResidentBuild>> VerifyAsync(AdbDevice device, string deviceId, CancellationToken cancel)
    {
        var there = new List<ResidentBuild>();
        foreach (var build in Noted(deviceId))
            if (await installer.ResidentAsync(device, deviceId, build.PackageId, cancel).ConfigureAwait(false) == build.Sha256) there.Add(build);
        var corrected = false;
        lock (gate)
        {
            // Nothing else may have been noted meanwhile: a phone does one thing at a time.
            if (!Noted(deviceId).SequenceEqual(there))
            {
                noted[deviceId] = [.. there];
                Save();
                corrected = true;
            }
        }

        if (corrected) Corrected();
        return there;
    }

    private void Forget(string deviceId, string package)
    {
        lock (gate)
        {
            if (noted.GetValueOrDefault(deviceId) is not { } known || known.RemoveAll(b => b.PackageId == package) == 0) return;
            Save();
        }

        Corrected();
    }

    private void Save()
    {
        try
        {
            var draft = file + ".draft";
            File.WriteAllText(draft, JsonSerializer.Serialize(noted, ResidentsJson.Default.DictionaryStringListResidentBuild));
            File.Move(draft, file, overwrite: true);
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
