using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Http;

namespace Qgjob.Server.History;

/// <summary>An org's tests over all runs that are kept.</summary>
internal static class TestEndpoints
{
    private const int LongestText = 1024;

    public static void MapTests(this IEndpointRouteBuilder routes)
    {
        var tests = routes.MapGroup("/orgs/{org}/tests").WithTags("Tests");
        tests.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("Tests with their rates over the latest 30 attempts at their file; pages end with a file").ProducesProblem(400);
        tests.MapGet("/history", HistoryAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("A test's latest runs, and its rates by app version and device model").ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<TestView>>> ListAsync(
        [FromRoute(Name = "org")] string org, [FromQuery(Name = "test_path")] string? path, [FromQuery(Name = "q")] string? text,
        [FromQuery(Name = "flaky")] string? flaky, [FromQuery(Name = "failing")] string? failing,
        [FromQuery(Name = "limit")] string? limit, [FromQuery(Name = "cursor")] string? cursor, TestReader tests, CancellationToken cancel)
    {
        var filter = new TestFilter(
            path is null ? null : Check.RelativePath("test_path", path), Check.OptionalText("q", text, LongestText), Check.Flag("flaky", flaky), Check.Flag("failing", failing));
        // A path is longer than other cursors.
        var page = new PageRequest(Paging.Of(limit, null).Limit, cursor is { Length: > 6000 } ? throw RefusedException.Invalid("cursor", "is not one that a list gave out") : cursor);
        return TypedResults.Ok(await tests.ListAsync(Check.Id("org", Check.FromPath(org)), filter, page, cancel));
    }

    private static async Task<Ok<TestHistoryView>> HistoryAsync(
        [FromRoute(Name = "org")] string org, [FromQuery(Name = "test_path")] string? path, [FromQuery(Name = "title")] string? title,
        [FromQuery(Name = "project")] string? project, [FromQuery(Name = "attempts")] string? attempts, TestReader tests, CancellationToken cancel) =>
        TypedResults.Ok(await tests.HistoryAsync(
            Check.Id("org", Check.FromPath(org)), Check.RelativePath("test_path", path),
            Check.OptionalText("title", title, 16 * LongestText) ?? throw RefusedException.Invalid("title", "is missing"),
            Check.OptionalText("project", project, LongestText), (int)(Check.Number("attempts", attempts, 1, 200) ?? 50), cancel));
}
