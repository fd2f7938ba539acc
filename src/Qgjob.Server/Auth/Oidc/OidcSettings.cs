using System.Text.Json;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Auth.Oidc;

/// <summary>Whose OIDC tokens the server takes, and what their bearers may do.</summary>
internal sealed record OidcSettings(IReadOnlyList<OidcIssuer> Issuers)
{
    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 };

    /// <exception cref="SettingsException">The file cannot be read or used; the message names the place in it.</exception>
    public static OidcSettings Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException("oidc", e.Message);
        }
        catch (FormatException e)
        {
            throw new SettingsException("oidc", $"{path}: {e.Message}");
        }
        catch (JsonException e)
        {
            throw new SettingsException("oidc", $"{path} is no JSON: {e.Message}");
        }
    }

    /// <exception cref="FormatException">It is JSON that means nothing; the message names the place.</exception>
    public static OidcSettings Parse(string json)
    {
        using var document = JsonDocument.Parse(json, Relaxed);
        var root = OidcJson.Members(document.RootElement, "the file", "issuers");
        var issuers = OidcJson.Items(root, "", "issuers").Select(i => IssuerOf(i.Element, i.Place)).ToList();
        if (issuers.GroupBy(i => i.Issuer, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FormatException($"issuers: {twice.Key} is listed twice; put its rules together");
        return new OidcSettings(issuers);
    }

    private static OidcIssuer IssuerOf(JsonElement json, string place)
    {
        var members = OidcJson.Members(json, place, "issuer", "audience", "rules");
        var issuer = OidcJson.Text(members, place, "issuer");
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || !IsSafe(uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
            throw new FormatException($"{place}.issuer: '{issuer}' is no issuer; it is an https address exactly as the tokens name it, for instance https://token.actions.githubusercontent.com (http for this machine only)");
        return new OidcIssuer(issuer, OidcJson.Text(members, place, "audience"), [.. OidcJson.Items(members, place, "rules").Select(r => OidcRule.Of(r.Element, r.Place, uri))]);
    }

    /// <summary>Keys that came over plain HTTP could be anybody's.</summary>
    public static bool IsSafe(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && Access.IsLoopbackHost(uri.Host));
}

/// <param name="Issuer">Exactly as tokens name it.</param>
/// <param name="Audience">Exactly as tokens name it.</param>
/// <param name="Rules">The first that matches counts.</param>
internal sealed record OidcIssuer(string Issuer, string Audience, IReadOnlyList<OidcRule> Rules);

/// <summary>Reads the file and says what is wrong where.</summary>
internal static class OidcJson
{
    /// <param name="json">Must be an object.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="known">The only members that it may have; none given: any.</param>
    public static Dictionary<string, JsonElement> Members(JsonElement json, string place, params string[] known)
    {
        if (json.ValueKind is not JsonValueKind.Object) throw new FormatException($"{place} must be an object {{…}}");
        var members = new Dictionary<string, JsonElement>();
        foreach (var member in json.EnumerateObject())
        {
            if (known.Length > 0 && !known.Contains(member.Name)) throw new FormatException($"{place}: unknown key '{member.Name}'; known: {string.Join(", ", known)}");
            if (!members.TryAdd(member.Name, member.Value)) throw new FormatException($"{place}.{member.Name} is given twice");
        }
        return members;
    }

    public static string Text(Dictionary<string, JsonElement> members, string place, string name) =>
        !members.TryGetValue(name, out var value) ? throw new FormatException($"{place}.{name} is missing")
        : value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text && text == text.Trim() ? text
        : throw new FormatException($"{place}.{name} must be a text, not empty and without spaces around it");

    public static IEnumerable<(JsonElement Element, string Place)> Items(Dictionary<string, JsonElement> members, string place, string name)
    {
        var full = place.Length == 0 ? name : $"{place}.{name}";
        if (!members.TryGetValue(name, out var list)) throw new FormatException($"{full} is missing");
        if (list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0) throw new FormatException($"{full} must be a list with at least one entry");
        return list.EnumerateArray().Select((element, i) => (element, $"{full}[{i}]"));
    }
}
