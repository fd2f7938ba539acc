using System.Text.Json;
using System.Text.Json.Serialization;

namespace Qgjob.Client.Projects;

/// <summary>Where things are in a test bundle that holds more than one folder's files: <c>.qgjob/bundle.json</c> in it.</summary>
/// <param name="Project">The AppWright project's folder, relative to the bundle's top, forward slashes; empty for the top.</param>
/// <param name="Install">The folder where the packages are installed: the workspace root. Empty for the top.</param>
/// <remarks>A file of the bundle, so that the bundle's hash covers it. A bundle without it is one project and nothing else.</remarks>
public sealed record BundleLayout(string Project, string Install)
{
    /// <summary>Its place in the bundle.</summary>
    public const string Path = ".qgjob/bundle.json";

    private const int MaxBytes = 16 << 10;

    /// <summary>One project and nothing else.</summary>
    public static BundleLayout Plain { get; } = new("", "");

    /// <summary>Reads the layout of an unpacked bundle. Trusts nothing in it.</summary>
    /// <exception cref="BundleException">It is damaged, or names a folder that is not in the bundle.</exception>
    public static BundleLayout Read(string folder)
    {
        var file = new FileInfo(System.IO.Path.Combine(folder, Path));
        if (!file.Exists) return Plain;
        try
        {
            if (file.Length > MaxBytes) throw new BundleException($"The bundle's {Path} is too large.");
            var layout = JsonSerializer.Deserialize(File.ReadAllBytes(file.FullName), LayoutJson.Default.BundleLayout)
                ?? throw new BundleException($"The bundle's {Path} says nothing.");
            Check(folder, layout.Project);
            Check(folder, layout.Install);
            return layout;
        }
        catch (JsonException e)
        {
            throw new BundleException($"The bundle's {Path} is damaged: {e.Message}");
        }
    }

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, LayoutJson.Default.BundleLayout);

    private static void Check(string folder, string path)
    {
        if (path.Length == 0) return;
        var at = folder;
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or ".." || part.AsSpan().IndexOfAny("\\\0:") >= 0) throw new BundleException($"The bundle's {Path} names the folder '{path}', which could leave it.");
            at = System.IO.Path.Combine(at, part);
            if (new DirectoryInfo(at) is not { Exists: true, LinkTarget: null }) throw new BundleException($"The bundle's {Path} names the folder '{path}', which is not in it.");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BundleLayout))]
internal sealed partial class LayoutJson : JsonSerializerContext;
