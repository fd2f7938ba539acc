using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Quarantines;

/// <summary>
/// An org's tests in quarantine: who may see the org may look. Only the owner changes the list: a submitter is a build, which
/// could make itself green with it.
/// </summary>
internal static class QuarantineEndpoints
{
    private const int LongestTitle = 4096;
    private const int LongestReason = 500;
    private const int LongestName = 100;
    private static readonly TimeSpan Usual = TimeSpan.FromDays(14);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static void MapQuarantine(this IEndpointRouteBuilder routes)
    {
        var quarantine = routes.MapGroup("/orgs/{org}/quarantine").WithTags("Quarantine");
        quarantine.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("An org's tests in quarantine, and what became of them since").ProducesProblem(400);
        quarantine.MapPost("/", AddAsync).WithSummary("Puts a test, or several by a pattern, into quarantine: results that are accepted from then on do not turn a run red by it")
            .Accepts<QuarantineOrder>("application/json").ProducesProblem(400).ProducesProblem(409).ProducesProblem(415);
        quarantine.MapDelete("/{quarantine_id}", RemoveAsync).WithSummary("Takes an entry out of quarantine; no verdict changes by that").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<QuarantineView>>> ListAsync([FromRoute(Name = "org")] string org, QuarantineReader reader, CancellationToken cancel) =>
        TypedResults.Ok(new ListOf<QuarantineView>(await reader.ListAsync(OrgOf(org), cancel)));

    private static async Task<Results<Created<QuarantineView>, Ok<QuarantineView>>> AddAsync(
        [FromRoute(Name = "org")] string org, HttpRequest request, Caller caller, Dispatcher dispatcher, QuarantineReader reader, IIdSource ids, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.QuarantineOrder, JsonBody.SmallLimit, cancel);
        var (orgId, now) = (OrgOf(org), time.GetUtcNow());
        var test = new QuarantinedTest(
            ids.NewId("q"), Check.RelativePath("file", body.File), Text("title", body.Title, LongestTitle), Text("reason", body.Reason, LongestReason),
            Check.OptionalText("by", body.By, LongestName) is { Length: > 0 } by ? $"{by} ({caller.Name})" : caller.Name, now, UntilOf(body.Until, now));
        if (test.File.All(c => c == '*') && test.Title.All(c => c is '*'))
            throw RefusedException.Invalid("title", "would put every test of the org into quarantine; name a file, or a part of the title");
        return await dispatcher.SendAsync(new SetQuarantine(orgId, test, now), cancel) switch
        {
            SetQuarantineAnswer.Kept(var kept, true) => TypedResults.Ok(await reader.ViewAsync(orgId, kept, cancel)),
            SetQuarantineAnswer.Kept(var kept, false) => TypedResults.Created((string?)null, await reader.ViewAsync(orgId, kept, cancel)),
            SetQuarantineAnswer.Full(var most) => throw RefusedException.Conflict(
                $"The org has {most} entries in quarantine, the most that there may be (those that ran out in the last {Quarantine.KeepEnded.Days} days count, too). Remove some: qgjob quarantine remove ID."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<NoContent> RemoveAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "quarantine_id")] string id, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var known = Check.Id("quarantine_id", Check.FromPath(id));
        return (await dispatcher.SendAsync(new EndQuarantine(OrgOf(org), known, time.GetUtcNow()), cancel)).Found
            ? TypedResults.NoContent()
            : throw RefusedException.NotFound("entry in quarantine", known);
    }

    private static string OrgOf(string org) => Check.Id("org", Check.FromPath(org));

    private static string Text(string field, string? value, int longest) =>
        string.IsNullOrWhiteSpace(value) ? throw RefusedException.Invalid(field, "is missing") : Check.OptionalText(field, value, longest)!;

    /// <summary>Whoever quarantines for ever has a test that nobody looks at any more.</summary>
    private static DateTimeOffset UntilOf(DateTimeOffset? asked, DateTimeOffset now) => asked switch
    {
        null => now + Usual,
        { } until when until <= now => throw RefusedException.Invalid("until", "is past"),
        { } until when until > now + Longest => throw RefusedException.Invalid("until", "is more than a year ahead"),
        { } until => until.ToUniversalTime(),
    };
}
