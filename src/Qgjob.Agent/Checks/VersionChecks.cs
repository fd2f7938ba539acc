namespace Qgjob.Agent.Checks;

/// <summary>Which Playwright an AppWright works with.</summary>
/// <remarks>
/// Tried with the real packages: AppWright 0.1.1 runs with @playwright/test 1.49.1. Its own range, ^1.46.1, resolves to
/// the newest, and with 1.65.1 each test fails: Fixture "device" cannot be overridden in the configuration "use" section.
/// </remarks>
internal static class VersionChecks
{
    public const string Works = "1.49.1";

    private const string Area = "project";
    private const string Check = "playwright";
    private static readonly Version Least = new(1, 46, 1);
    private static readonly Version Tried = new(1, 49);
    private static readonly Version Fails = new(1, 65);

    /// <param name="manager">npm, pnpm or yarn: each pins a dependency's dependency in its own way.</param>
    /// <param name="range">As the project's package.json asks for it; null when it does not.</param>
    /// <param name="locked">Versions in the lock file; empty when it is not known.</param>
    public static Finding Playwright(string manager, string? range, IReadOnlyList<string> locked)
    {
        var mend = Mend(manager);
        if (locked.Count > 1)
            return Finding.Problem(Area, Check, $"There are several versions of @playwright/test ({string.Join(", ", locked)}); AppWright and the project must share one.", mend);
        if (locked.Count == 0 && (range is null || !Version.TryParse(range, out _)))
            return Finding.Problem(Area, Check,
                $"@playwright/test is {(range is null ? "not in package.json" : $"'{range}'")} and not locked: the newest will be installed, with which AppWright's tests fail.", mend);
        var version = locked.Count == 1 ? locked[0] : range!;
        if (!Version.TryParse(version.Split('-')[0], out var number)) return Finding.Warning(Area, Check, $"@playwright/test is '{version}'; it is known to work with {Works}.", mend);
        if (number >= Fails) return Finding.Problem(Area, Check, $"@playwright/test {version} does not work with AppWright (\"Fixture device cannot be overridden\").", mend);
        if (number < Least) return Finding.Problem(Area, Check, $"@playwright/test {version} is older than AppWright takes ({Least}).", mend);
        return (number.Major, number.Minor) == (Tried.Major, Tried.Minor)
            ? Finding.Ok(Area, Check, $"@playwright/test {version} works with AppWright")
            : Finding.Warning(Area, Check, $"Nobody has tried @playwright/test {version} with AppWright; {Works} is known to work.", mend);
    }

    private static string Mend(string manager) => "In package.json: \"dependencies\": { \"@playwright/test\": \"" + Works + "\" }, " + manager switch
    {
        "pnpm" => "\"pnpm\": { \"overrides\": { \"@playwright/test\": \"" + Works + "\" } }; then pnpm install",
        "yarn" => "\"resolutions\": { \"@playwright/test\": \"" + Works + "\" }; then yarn install",
        _ => "\"overrides\": { \"@playwright/test\": \"$@playwright/test\" }; then npm install",
    };
}
