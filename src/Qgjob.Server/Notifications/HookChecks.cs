using System.Net;
using Qgjob.Client.Projects;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;
using Qgjob.Core.Runs;
using Qgjob.Server.Http;

namespace Qgjob.Server.Notifications;

/// <summary>Checks what people say of hooks. Refusals never repeat an address or a secret.</summary>
internal sealed class HookChecks(HookTargets targets, TimeProvider time)
{
    private const int MostInList = 50;
    private const int LongestUrl = 2048;

    public Hook OfOrg(string orgId, string name, HookSettings body)
    {
        if (name.StartsWith("r-", StringComparison.Ordinal)) throw RefusedException.Invalid("name", "may not begin with r-, as the ids of runs do");
        var events = List("events", body.Events, e => HookEvents.All.Contains(e) ? null : $"is not one of {string.Join(", ", HookEvents.All)}");
        return new Hook
        {
            OrgId = orgId,
            Name = name,
            Url = UrlOf("url", body.Url),
            Secret = SecretOf("secret", body.Secret),
            Format = body.Format ?? HookFormat.Json,
            Events = events.Count > 0 ? events : HookEvents.Default,
            Filter = new HookFilter
            {
                Owners = List("owners", body.Owners, o => o.Any(char.IsWhiteSpace) ? "holds spaces; name each owner by itself" : null),
                Tests = List("tests", body.Tests, PatternProblem),
                Branches = List("branches", body.Branches, PatternProblem),
                Meta = MetaOf(body.Meta),
            },
            CreatedAt = time.GetUtcNow(),
        };
    }

    public Hook OfRun(NotifyTarget notify, Run run) => new()
    {
        OrgId = run.OrgId,
        Name = run.Id,
        RunId = run.Id,
        Url = UrlOf("notify.url", notify.Url),
        Secret = SecretOf("notify.secret", notify.Secret),
        Format = notify.Format ?? HookFormat.Json,
        Events = [HookEvents.RunFinished],
        CreatedAt = run.CreatedAt,
    };

    /// <summary>What may be shown of an address: of Slack's and the like, whoever knows the whole can write there.</summary>
    public static string Shown(string url)
    {
        var uri = new Uri(url);
        var first = uri.Segments.Length > 1 ? uri.Segments[1] : "";
        return $"{uri.Scheme}://{uri.Authority}/{(uri.PathAndQuery == "/" ? "" : uri.PathAndQuery == "/" + first && first.Length <= 20 ? first : first.EndsWith('/') ? first + "…" : "…")}";
    }

    private string UrlOf(string field, string? url)
    {
        if (targets.Reach is HookReach.None) throw RefusedException.Invalid(field, "this server sends no notifications (--hook-targets none)");
        if (string.IsNullOrWhiteSpace(url)) throw RefusedException.Invalid(field, "is missing");
        if (url.Length > LongestUrl) throw RefusedException.Invalid(field, $"is longer than {LongestUrl} characters");
        Check.RefuseControls(field, url, allowLines: false);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
            throw RefusedException.Invalid(field, "must be an http or https address");
        if (uri.UserInfo.Length > 0) throw RefusedException.Invalid(field, "may not hold a user name or password; messages are signed instead");
        // A name is judged when something is sent: it may lead elsewhere by then.
        if (IPAddress.TryParse(uri.IdnHost.Trim('[', ']'), out var address) && targets.Refusal(address) is { } why) throw RefusedException.Invalid(field, why);
        return uri.AbsoluteUri;
    }

    private static string? SecretOf(string field, string? secret) =>
        secret is null || WebhookSignature.KeyOf(secret) is not null ? secret : throw RefusedException.Invalid(field, "must be whsec_ and base64 of 24 to 64 bytes");

    private static IReadOnlyList<string> List(string field, IReadOnlyList<string>? values, Func<string, string?> problemOf)
    {
        if (values is { Count: > MostInList }) throw RefusedException.Invalid(field, $"may list at most {MostInList}");
        for (var i = 0; i < (values?.Count ?? 0); i++)
        {
            if (string.IsNullOrWhiteSpace(values![i])) throw RefusedException.Invalid($"{field}[{i}]", "is empty");
            Check.OptionalText($"{field}[{i}]", values[i], 255);
            if (problemOf(values[i]) is { } problem) throw RefusedException.Invalid($"{field}[{i}]", $"'{values[i]}' {problem}");
        }
        return values is null ? [] : [.. values.Distinct()];
    }

    private static string? PatternProblem(string pattern)
    {
        try
        {
            Glob.Parse(pattern);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    private static Dictionary<string, string> MetaOf(Dictionary<string, string>? meta)
    {
        if (meta is { Count: > MostInList }) throw RefusedException.Invalid("meta", $"may have at most {MostInList} entries");
        foreach (var (name, value) in meta ?? [])
        {
            Check.OptionalText("meta", name, 64);
            if (value is null) throw RefusedException.Invalid($"meta.{name}", "must be a text");
            Check.OptionalText($"meta.{name}", value, 1024);
        }
        return meta ?? [];
    }
}
