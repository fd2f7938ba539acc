using System.Text.Json;

namespace Qgjob.Agent.AppWright;

/// <summary>Where a project keeps its config and the Playwright that AppWright itself uses.</summary>
internal sealed record PlaywrightProject(string Folder, string ConfigFile, string Cli, bool IsModule)
{
    private static readonly string[] ConfigNames =
        [.. from name in new[] { "appwright.config", "playwright.config" }
            from extension in new[] { "ts", "js", "mts", "mjs", "cts", "cjs" }
            select $"{name}.{extension}"];

    private static readonly string[] CliPaths = ["@playwright/test/cli.js", "playwright/cli.js"];

    /// <summary>The folder's config; null when it has none.</summary>
    public static string? FindConfig(string folder) => ConfigNames.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);

    /// <exception cref="ProjectErrorException">The project cannot be run as it is.</exception>
    public static PlaywrightProject Find(string folder, string? configFile)
    {
        var config = configFile is null
            ? FindConfig(folder)
              ?? throw new ProjectErrorException($"There is no AppWright config (appwright.config.ts) in {Path.GetFileName(folder)}; name it with --config.")
            : Path.GetFullPath(configFile, folder);
        if (!File.Exists(config)) throw new ProjectErrorException($"The project has no config file {configFile}.");

        // A second copy of Playwright makes it refuse to run, so take the one that appwright's own code would get.
        var appwright = Upward(folder).Select(d => Path.Combine(d, "node_modules", "appwright")).FirstOrDefault(Directory.Exists)
            ?? throw new ProjectErrorException("The project has no appwright in its node_modules; add it to package.json.");
        var real = Directory.ResolveLinkTarget(appwright, returnFinalTarget: true)?.FullName ?? appwright;
        var cli = Upward(real).Concat(Upward(folder))
            .SelectMany(d => CliPaths.Select(p => Path.Combine(d, "node_modules", p)))
            .FirstOrDefault(File.Exists)
            ?? throw new ProjectErrorException("The project has no @playwright/test in its node_modules; add it to package.json.");
        return new PlaywrightProject(folder, config, cli, LoadsAsModule(config));
    }

    /// <summary>Node's rule: by extension, else by the nearest package.json.</summary>
    private static bool LoadsAsModule(string file)
    {
        var extension = Path.GetExtension(file);
        if (extension is ".mts" or ".mjs") return true;
        if (extension is ".cts" or ".cjs") return false;
        var manifest = Upward(Path.GetDirectoryName(file)!).Select(d => Path.Combine(d, "package.json")).FirstOrDefault(File.Exists);
        if (manifest is null) return false;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            return json.RootElement.TryGetProperty("type", out var type) && type.ValueEquals("module");
        }
        catch (JsonException e)
        {
            throw new ProjectErrorException($"package.json is not valid JSON: {e.Message}");
        }
    }

    private static IEnumerable<string> Upward(string folder)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at)) yield return at;
    }
}

/// <summary>The project cannot run, on whatever phone.</summary>
internal sealed class ProjectErrorException(string message) : Exception(message);
