using Qgjob.Core.Results;
using Qgjob.Server.Http;

namespace Qgjob.Server.Notifications;

/// <summary>Who owns a test: whom its tags name, else whom CODEOWNERS names for its file.</summary>
internal static class TestOwners
{
    private const int MostOwners = 20;

    /// <summary>Owners of submitted files.</summary>
    /// <exception cref="RefusedException">They cannot be taken.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>>? Check(Dictionary<string, IReadOnlyList<string>>? owners, IReadOnlyList<string> tests)
    {
        if (owners is null) return null;
        if (owners.Count > tests.Count) throw RefusedException.Invalid("owners", "lists more files than are submitted");
        foreach (var (file, names) in owners)
        {
            Http.Check.OptionalText("owners", file, 1024);
            if (names is not { Count: <= MostOwners }) throw RefusedException.Invalid($"owners.{file}", $"must list at most {MostOwners} owners");
            foreach (var name in names)
                if (string.IsNullOrWhiteSpace(name) || name.Length > 128 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
                    throw RefusedException.Invalid($"owners.{file}", "must list owners such as @acme/payments, each without spaces, at most 128 characters");
        }
        return owners;
    }

    /// <summary>The owners of a test.</summary>
    /// <param name="test">With its tags.</param>
    /// <param name="ofFile">Owners of its file.</param>
    public static IReadOnlyList<string> Of(TestResult test, IReadOnlyList<string>? ofFile) =>
        test.Tags?.Where(IsTeam).Take(MostOwners).ToList() is { Count: > 0 } teams ? teams : ofFile ?? [];

    /// <summary><c>@team-payments</c>, <c>@team:payments</c>, <c>@team/payments</c>.</summary>
    private static bool IsTeam(string tag) => tag.Length > 6 && tag.StartsWith("@team", StringComparison.OrdinalIgnoreCase) && tag[5] is '-' or ':' or '/';
}
