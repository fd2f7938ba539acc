using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Checks;

/// <summary>Whether a project asks for a Playwright that AppWright works with; the same that agents refuse is a problem here.</summary>
/// <remarks>AppWright's own range, ^1.46.1, resolves to the newest, so a project that pins nothing gets one that is refused.</remarks>
internal static class VersionChecks
{
    private const string Area = "project";
    private const string Check = "playwright";
    private static readonly Version Least = new(1, 46, 1);
    private static readonly Version Tried = Version.Parse(AppWrightVersions.KnownToWork);

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
        if (!Version.TryParse(version.Split('-')[0], out var number)) return Finding.Warning(Area, Check, $"@playwright/test is '{version}'; it is known to work with {AppWrightVersions.KnownToWork}.", mend);
        if (number >= AppWrightVersions.FirstToRefuse) return Finding.Problem(Area, Check, $"@playwright/test {version} does not work with AppWright: Playwright since {AppWrightVersions.FirstToRefuse}.0 refuses AppWright's fixture \"device\".", mend);
        if (number < Least) return Finding.Problem(Area, Check, $"@playwright/test {version} is older than AppWright takes ({Least}).", mend);
        return (number.Major, number.Minor) == (Tried.Major, Tried.Minor)
            ? Finding.Ok(Area, Check, $"@playwright/test {version} works with AppWright")
            : Finding.Warning(Area, Check, $"Nobody has tried @playwright/test {version} with AppWright; {AppWrightVersions.KnownToWork} is known to work.", mend);
    }

    private static string Mend(string manager) => "In package.json: \"dependencies\": { \"@playwright/test\": \"" + AppWrightVersions.KnownToWork + "\" }, " + manager switch
    {
        "pnpm" => "\"pnpm\": { \"overrides\": { \"@playwright/test\": \"" + AppWrightVersions.KnownToWork + "\" } }; then pnpm install",
        "yarn" => "\"resolutions\": { \"@playwright/test\": \"" + AppWrightVersions.KnownToWork + "\" }; then yarn install",
        _ => "\"overrides\": { \"@playwright/test\": \"$@playwright/test\" }; then npm install",
    };
}
