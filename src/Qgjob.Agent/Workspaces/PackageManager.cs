using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Workspaces;

/// <summary>What installs a project's packages.</summary>
internal enum PackageManagerKind
{
    Npm,
    Pnpm,
    Yarn,
    Berry,
}

/// <param name="Version">Exact; null for npm, which the host has.</param>
/// <param name="LockFile">The lock file's name; null when there is none.</param>
internal sealed partial record PackageManager(PackageManagerKind Kind, string? Version, string? LockFile)
{
    // The newest of each line that runs on every Node.js that Appium takes; a project names another one in "packageManager".
    private const string Pnpm = "10.34.8";
    private const string YarnClassic = "1.22.22";

    // By the version of lock files from which on each is right, newest first. A version that writes another format refuses
    // the file instead of reading it (seen with yarn 3.0 to 4.14, and with pnpm 8 on a file of pnpm 7).
    private static readonly (int From, string Version)[] Pnpms = [(7, Pnpm), (6, "8.15.9"), (0, "7.33.7")];
    private static readonly (int From, string Version)[] Berries =
        [(10, "4.18.1"), (9, "4.14.1"), (7, "4.9.2"), (6, "3.8.7"), (5, "3.1.1"), (0, "3.0.2")];

    /// <summary>For people and logs.</summary>
    public string Name => Kind switch
    {
        PackageManagerKind.Npm => "npm",
        PackageManagerKind.Pnpm => "pnpm",
        _ => "yarn",
    };

    /// <summary>The package on the registry that the program comes in.</summary>
    public string Package => Kind is PackageManagerKind.Berry ? "@yarnpkg/cli-dist" : Name;

    /// <summary>By the field <c>packageManager</c>, else by the lock file, else npm.</summary>
    /// <exception cref="ProjectErrorException">It names one that qgjob does not know.</exception>
    public static PackageManager Detect(string folder)
    {
        bool Has(string name) => File.Exists(Path.Combine(folder, name));
        var yarnLock = Has("yarn.lock") ? "yarn.lock" : null;
        var pnpmLock = Has("pnpm-lock.yaml") ? "pnpm-lock.yaml" : null;
        var npmLock = Has("package-lock.json") ? "package-lock.json" : Has("npm-shrinkwrap.json") ? "npm-shrinkwrap.json" : null;
        if (Named(folder) is { } named)
        {
            var parts = NameAndVersion().Match(named);
            return parts.Groups["name"].Value switch
            {
                "npm" => new PackageManager(PackageManagerKind.Npm, null, npmLock),
                "pnpm" => new PackageManager(PackageManagerKind.Pnpm, parts.Groups["version"].Value, pnpmLock),
                "yarn" => new PackageManager(
                    parts.Groups["version"].Value.StartsWith("1.", StringComparison.Ordinal) ? PackageManagerKind.Yarn : PackageManagerKind.Berry,
                    parts.Groups["version"].Value, yarnLock),
                _ => throw new ProjectErrorException($"package.json names the package manager '{named}'. qgjob knows npm, pnpm and yarn, as in \"packageManager\": \"pnpm@{Pnpm}\"."),
            };
        }

        if (pnpmLock is not null) return new PackageManager(PackageManagerKind.Pnpm, For(Pnpms, LockVersion(Path.Combine(folder, pnpmLock), PnpmLock())), pnpmLock);
        if (yarnLock is not null)
        {
            return LockVersion(Path.Combine(folder, yarnLock), BerryLock()) is { } version
                ? new PackageManager(PackageManagerKind.Berry, For(Berries, version), yarnLock)
                : new PackageManager(PackageManagerKind.Yarn, YarnClassic, yarnLock);
        }

        if (npmLock is null && (Has("bun.lock") || Has("bun.lockb")))
            throw new ProjectErrorException("The project's lock file is bun's, which qgjob does not know. Commit a package-lock.json: npm install --package-lock-only");
        return new PackageManager(PackageManagerKind.Npm, null, npmLock);
    }

    private static string? Named(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package.json")));
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("packageManager", out var named) && named.ValueKind == JsonValueKind.String
            ? named.GetString()
            : null;
    }

    // The newest one when the version cannot be told.
    private static string For((int From, string Version)[] versions, int? lockVersion) =>
        versions.First(v => v.From <= (lockVersion ?? versions[0].From)).Version;

    private static int? LockVersion(string lockFile, Regex pattern)
    {
        var found = pattern.Match(string.Join('\n', File.ReadLines(lockFile).Take(20)));
        return found.Success && int.TryParse(found.Groups["version"].Value, CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    [GeneratedRegex(@"^lockfileVersion: *['""]?(?<version>[0-9]+)", RegexOptions.Multiline)]
    private static partial Regex PnpmLock();

    [GeneratedRegex(@"^__metadata:\s+version: *(?<version>[0-9]+)", RegexOptions.Multiline)]
    private static partial Regex BerryLock();

    // The hash that may follow the version ("+sha512.…") is corepack's business; npm checks its own.
    [GeneratedRegex(@"^(?<name>[a-z]+)@(?<version>[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?)(\+.*)?$")]
    private static partial Regex NameAndVersion();
}
