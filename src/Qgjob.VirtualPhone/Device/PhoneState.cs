using System.Text.Json.Serialization;

namespace Qgjob.Phones.Device;

/// <summary>What survives a restart, apart from the bytes of files and the data of apps.</summary>
internal sealed record PhoneState
{
    public long LastBlob { get; init; }

    public int LastUid { get; init; } = 10100;

    public IReadOnlyList<PackageState> Packages { get; init; } = [];

    public IReadOnlyList<FileState> Files { get; init; } = [];

    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>An installed package: its APK's bytes by their name in the blobs folder, and the path where the phone shows them.</summary>
internal sealed record PackageState(
    string Id, string Blob, string Path, int Uid, IReadOnlyList<string> Granted, DateTimeOffset FirstInstalled, DateTimeOffset Updated);

/// <summary>A file by the name of its bytes in the blobs folder, or a folder, which has none.</summary>
internal sealed record FileState(string Path, string? Blob, int Mode, DateTimeOffset Modified);

[JsonSerializable(typeof(PhoneState))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class PhoneStateJson : JsonSerializerContext;
