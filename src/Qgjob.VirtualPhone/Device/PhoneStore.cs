using System.Globalization;
using System.Text.Json;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.Device;

/// <summary>The phone's folder on the host: state.json, blobs/ (APKs and pushed files), data/ (one file per app).</summary>
internal sealed class PhoneStore
{
    private readonly string folder;
    private readonly string stateFile;
    private long lastBlob;

    public PhoneStore(string folder)
    {
        this.folder = folder;
        stateFile = Path.Combine(folder, "state.json");
        Directory.CreateDirectory(Path.Combine(folder, "blobs"));
        Directory.CreateDirectory(Path.Combine(folder, "data"));
    }

    public long LastBlob => Volatile.Read(ref lastBlob);

    public PhoneState Load()
    {
        PhoneState state = new();
        if (File.Exists(stateFile))
        {
            using var file = File.OpenRead(stateFile);
            state = JsonSerializer.Deserialize(file, PhoneStateJson.Default.PhoneState) ?? state;
        }

        lastBlob = state.LastBlob;
        DropUnusedBlobs(state);
        return state;
    }

    public void Save(PhoneState state) =>
        WriteWhole(stateFile, JsonSerializer.SerializeToUtf8Bytes(state, PhoneStateJson.Default.PhoneState));

    /// <summary>A name that no blob has yet.</summary>
    public string NewBlob() => Interlocked.Increment(ref lastBlob).ToString(CultureInfo.InvariantCulture);

    public string BlobPath(string blob) => Path.Combine(folder, "blobs", blob);

    public void DeleteBlob(string blob) => File.Delete(BlobPath(blob));

    public IReadOnlyDictionary<string, UiValue> LoadAppData(string package)
    {
        var data = new Dictionary<string, UiValue>();
        if (!File.Exists(DataPath(package)))
            return data;
        using var json = JsonDocument.Parse(File.ReadAllBytes(DataPath(package)));
        foreach (var property in json.RootElement.EnumerateObject())
        {
            if (UiValue.FromJson(property.Value) is { } value)
                data[property.Name] = value;
        }

        return data;
    }

    public void SaveAppData(string package, IReadOnlyDictionary<string, UiValue> data)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (name, value) in data)
            {
                json.WritePropertyName(name);
                value.Write(json);
            }

            json.WriteEndObject();
        }

        WriteWhole(DataPath(package), bytes.ToArray());
    }

    public void DeleteAppData(string package) => File.Delete(DataPath(package));

    /// <summary>A package id is checked when it is installed and cannot leave the folder.</summary>
    private string DataPath(string package) => Path.Combine(folder, "data", package + ".json");

    /// <summary>Through a second file, so that a process that dies leaves the old content or the new, never half.</summary>
    private static void WriteWhole(string path, byte[] content)
    {
        var next = path + ".new";
        File.WriteAllBytes(next, content);
        File.Move(next, path, overwrite: true);
    }

    /// <summary>An installation or push that a dying process left unfinished.</summary>
    private void DropUnusedBlobs(PhoneState state)
    {
        var used = state.Packages.Select(p => p.Blob).Concat(state.Files.Select(f => f.Blob).OfType<string>()).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "blobs")))
        {
            if (!used.Contains(Path.GetFileName(file)))
                File.Delete(file);
        }
    }
}
