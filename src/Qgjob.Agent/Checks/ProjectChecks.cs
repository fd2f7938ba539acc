using System.Text.Json;
using System.Text.RegularExpressions;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Apps;

namespace Qgjob.Agent.Checks;

/// <summary>An AppWright project as it lies there; nothing of it is run.</summary>
internal static partial class ProjectChecks
{
    private const string Area = "project";

    public static IReadOnlyList<Finding> Run(string folder)
    {
        var findings = new List<Finding>();
        if (PlaywrightProject.FindConfig(folder) is not { } config)
            return [Finding.Problem(Area, "config", $"There is no AppWright config in {folder}.", "Write appwright.config.ts there, or name the right folder with --project DIR.")];
        findings.Add(Finding.Ok(Area, "config", $"the config is {config}"));
        try
        {
            findings.AddRange(Packages(folder));
            findings.AddRange(Builds(folder, config));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Add(Finding.Problem(Area, "files", e.Message, "Give this account the right to read the project."));
        }
        return findings;
    }

    private static IEnumerable<Finding> Packages(string folder)
    {
        var manifest = Path.Combine(folder, "package.json");
        if (!File.Exists(manifest))
            return [Finding.Problem(Area, "packages", $"There is no package.json in {folder}.", "Make one: npm init -y && npm install --save-dev appwright@0.1.1 @playwright/test@" + AppWrightVersions.KnownToWork)];
        Dictionary<string, string> dependencies;
        PackageLock? found;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            dependencies = PackageJson.Dependencies(json.RootElement);
        }
        catch (JsonException e)
        {
            return [Finding.Problem(Area, "packages", $"package.json is not valid JSON: {e.Message}", "Correct it; 'npm pkg get name' tells whether npm can read it.")];
        }
        try
        {
            found = PackageLock.Find(folder, dependencies);
        }
        catch (JsonException e)
        {
            return [Finding.Problem(Area, "lock-file", $"package-lock.json is not valid JSON: {e.Message}", "Make it anew: delete it, then npm install")];
        }
        var manager = found?.Manager ?? "npm";
        var appwright = found is { AppWright: [var locked, ..] } ? locked : dependencies.GetValueOrDefault("appwright");
        return
        [
            Lock(found, manager),
            appwright is null
                ? Finding.Problem(Area, "appwright", "appwright is not among the project's packages.", $"Add it: {manager} {(manager == "npm" ? "install --save-dev" : "add -D")} appwright@0.1.1")
                : Finding.Ok(Area, "appwright", $"appwright is {appwright}"),
            VersionChecks.Playwright(manager, dependencies.GetValueOrDefault("@playwright/test"), found?.Playwright ?? []),
        ];
    }

    private static Finding Lock(PackageLock? found, string manager) => found switch
    {
        null => Finding.Warning(Area, "lock-file", "There is no lock file: each agent may install other versions, and slowly.", "Make one and commit it: npm install"),
        { Missing: { Count: > 0 } missing } => Finding.Problem(Area, "lock-file",
            $"{Path.GetFileName(found.File)} is not in step with package.json: {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", …" : "")}.", $"Bring it in step and commit it: {manager} install"),
        _ => Finding.Ok(Area, "lock-file", $"{found.File} is in step with package.json"),
    };

    /// <summary>Builds that the config names as plain text; what it computes is known only when it runs.</summary>
    private static IEnumerable<Finding> Builds(string folder, string config)
    {
        foreach (var path in BuildPath().Matches(Comments().Replace(File.ReadAllText(config), "")).Select(m => m.Groups["path"].Value).Distinct())
        {
            if (path.Contains("://", StringComparison.Ordinal) || path.Contains("${", StringComparison.Ordinal)) continue;
            var file = Path.GetFullPath(path, folder);
            if (!File.Exists(file) && !Directory.Exists(file))
                yield return Finding.Warning(Area, "build", $"The build {path} (buildPath) does not exist.", "Build the app, or give its file with --app, or upload it once: qgjob apps upload FILE");
            else if (Path.GetExtension(file).Equals(".apk", StringComparison.OrdinalIgnoreCase))
                yield return Apk(path, file);
            else
                yield return Finding.Ok(Area, "build", $"the build {path} is there");
        }
    }

    private static Finding Apk(string path, string file)
    {
        try
        {
            var apk = ApkManifest.Read(file);
            return Finding.Ok(Area, "build", $"the build {path} is {apk.PackageId} {apk.VersionName}".TrimEnd());
        }
        catch (Exception e) when (e is InvalidApkException or IOException or UnauthorizedAccessException)
        {
            return Finding.Problem(Area, "build", $"The build {path} cannot be used: {e.Message}", "Build the app again, and check that the file is whole.");
        }
    }

    [GeneratedRegex(@"buildPath['""]?\s*:\s*(?<quote>['""`])(?<path>[^'""`\n]+)\k<quote>", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BuildPath();

    // Not the two slashes of an address.
    [GeneratedRegex(@"/\*.*?\*/|(?<![:'""`])//[^\n]*", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Comments();
}
