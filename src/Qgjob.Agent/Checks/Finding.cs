namespace Qgjob.Agent.Checks;

/// <summary>How bad a finding is.</summary>
public enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works without, or works only in part.</summary>
    Warning,

    /// <summary>It does not work before this is mended.</summary>
    Problem,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Area">Where it belongs: machine, agent, phones, project, server.</param>
/// <param name="Check">The check's name; stays the same between versions.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="What">What was found, in one line.</param>
/// <param name="Mend">What to do about it, in one line; null when all is well.</param>
public sealed record Finding(string Area, string Check, FindingLevel Level, string What, string? Mend = null)
{
    /// <summary>As it should be.</summary>
    public static Finding Ok(string area, string check, string what) => new(area, check, FindingLevel.Ok, what);

    /// <summary>It works without, or works only in part.</summary>
    public static Finding Warning(string area, string check, string what, string mend) => new(area, check, FindingLevel.Warning, what, mend);

    /// <summary>It does not work before this is mended.</summary>
    public static Finding Problem(string area, string check, string what, string mend) => new(area, check, FindingLevel.Problem, what, mend);
}
