using System.Text.Json;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth.Oidc;

/// <summary>Tokens whose claims match make their bearer something in an org.</summary>
/// <param name="Claims">What each named claim must be; <c>*</c> stands for anything, slashes too.</param>
/// <param name="OrgId">The org.</param>
/// <param name="Role">Viewer or submitter.</param>
internal sealed record OidcRule(IReadOnlyDictionary<string, string> Claims, string OrgId, Role Role)
{
    /// <summary>Claims that say whose a token is, in the order in which a refusal tells them.</summary>
    private static readonly string[] Owners =
        ["repository", "repository_id", "repository_owner", "repository_owner_id", "project_path", "project_id", "namespace_path", "namespace_id", "sub"];

    /// <summary>Everybody can get a token of these: a rule has to say whose it means.</summary>
    private static readonly string[] Public = ["token.actions.githubusercontent.com", "gitlab.com"];

    public bool Matches(IReadOnlyDictionary<string, string> claims) =>
        Claims.All(c => claims.TryGetValue(c.Key, out var value) && Matches(c.Value, value));

    /// <exception cref="FormatException">It is no rule, or one that would let in people whom nobody means.</exception>
    public static OidcRule Of(JsonElement json, string place, Uri issuer)
    {
        var members = OidcJson.Members(json, place);
        var org = OidcJson.Text(members, place, "org");
        CheckOrg(org, place);
        var role = OidcJson.Text(members, place, "role") switch
        {
            "viewer" => Role.Viewer,
            "submitter" => Role.Submitter,
            var other => throw new FormatException($"{place}.role: '{other}' is not one of viewer, submitter"),
        };
        var claims = members.Keys.Where(k => k is not ("org" or "role")).ToDictionary(k => k, k => OidcJson.Text(members, place, k), StringComparer.Ordinal);
        if (claims.Values.All(v => v.All(c => c == '*')))
            throw new FormatException($"{place} would match every token of the issuer; name a claim, for instance \"repository\": \"acme/shop\"");
        if (Public.Contains(issuer.Host) && !Owners.Any(o => claims.TryGetValue(o, out var pattern) && NamesOwner(pattern)))
            throw new FormatException(
                $"{place}: everybody can get tokens of {issuer.Host}, so a rule says whose it means: {string.Join(", ", Owners)}; without * before the first slash, for instance \"repository\": \"acme/*\"");
        return new OidcRule(claims, org, role);
    }

    /// <summary>What a token says of where it comes from, for a refusal.</summary>
    public static string Origin(IReadOnlyDictionary<string, string> claims, IReadOnlyList<OidcRule> rules)
    {
        var asked = rules.SelectMany(r => r.Claims.Keys).ToHashSet();
        var told = Owners.Take(1).Concat(["project_path", "ref", "environment"]).Concat(asked).Distinct()
            .Where(n => claims.ContainsKey(n) || asked.Contains(n))
            .OrderBy(n => claims.ContainsKey(n) ? 0 : 1)
            .Select(n => claims.TryGetValue(n, out var value) ? $"{n} '{OidcAccess.Shown(value)}'" : $"no {n}");
        return string.Join(", ", told);
    }

    private static void CheckOrg(string org, string place)
    {
        try
        {
            Check.Id("org", org);
        }
        catch (RefusedException e)
        {
            throw new FormatException($"{place}.{e.Message}", e);
        }
    }

    private static bool NamesOwner(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        return star < 0 || pattern.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash && slash < star;
    }

    private static bool Matches(string pattern, string value)
    {
        // Only * is special. Between the first part and the last the others follow each other, each as early as it can.
        var parts = pattern.Split('*');
        if (parts.Length == 1) return pattern == value;
        if (value.Length < parts[0].Length + parts[^1].Length) return false;
        if (!value.StartsWith(parts[0], StringComparison.Ordinal) || !value.EndsWith(parts[^1], StringComparison.Ordinal)) return false;
        var at = parts[0].Length;
        var end = value.Length - parts[^1].Length;
        foreach (var part in parts[1..^1])
        {
            var found = value.IndexOf(part, at, end - at, StringComparison.Ordinal);
            if (found < 0) return false;
            at = found + part.Length;
        }
        return true;
    }
}
