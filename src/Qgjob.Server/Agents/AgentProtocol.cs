using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Server.Artifacts;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;
using Qgjob.Server.Logs;
using Qgjob.Server.Reports;

namespace Qgjob.Server.Agents;

/// <summary>What agents call. Calls carry arrays: many devices at once.</summary>
internal static class AgentProtocol
{
    public static void MapAgentProtocol(this IEndpointRouteBuilder routes)
    {
        var agent = routes.MapGroup("/agent/v1").WithTags("Agent protocol");
        agent.MapPost("/register", RegisterAsync).WithSummary("Says what the agent offers").Accepts<RegisterRequest>("application/json").ProducesProblem(400).ProducesProblem(409);
        agent.MapPost("/work", WorkAsync).WithSummary("Waits for work, cancels and losses").Accepts<WorkRequest>("application/json").ProducesProblem(400).ProducesProblem(409);
        agent.MapPost("/renew", RenewAsync).WithSummary("Prolongs leases").Accepts<RenewRequest>("application/json").ProducesProblem(400).ProducesProblem(409);
        agent.MapPost("/progress", ProgressAsync).WithSummary("News of attempts").Accepts<ProgressRequest>("application/json").ProducesProblem(400);
        agent.MapPost("/finish", FinishAsync).WithSummary("Ends attempts").Accepts<FinishRequest>("application/json").ProducesProblem(400);
        agent.MapPost("/log", AppendLogAsync).WithSummary("Appends to an attempt's log at an offset")
            .Accepts<Stream>("application/octet-stream", "*/*").ProducesProblem(400).ProducesProblem(409).ProducesProblem(413);
        agent.MapPost("/left-out", LeaveOutAsync).WithSummary("Says which files of an attempt are not sent").Accepts<LeftOutRequest>("application/json").ProducesProblem(400).ProducesProblem(409);
        agent.MapPut("/artifacts/{**name}", PutArtifactAsync).WithSummary("Uploads a file that an attempt left")
            .Accepts<Stream>("application/octet-stream", "*/*").ProducesProblem(400).ProducesProblem(409).ProducesProblem(413);
    }

    private static async Task<Ok<RegisterResponse>> RegisterAsync(
        HttpRequest request, Dispatcher dispatcher, ServerSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.RegisterRequest, JsonBody.LargeLimit, cancel);
        var answer = await dispatcher.SendAsync(AgentRequests.Command(body, time.GetUtcNow()), cancel);
        if (answer.Taken is { } taken)
            throw RefusedException.Conflict(
                $"Device {taken.DeviceId} belongs to another agent named '{taken.AgentName}' ({taken.AgentId}), which is online. Give this agent another name (qgjob agent --name), or stop the other one.");
        return TypedResults.Ok(new RegisterResponse(
            settings.LeaseTtl.TotalSeconds, settings.LeaseRenew.TotalSeconds, settings.LeaseMargin.TotalSeconds, answer.LostLeases, settings.MaxLogBytes, settings.MaxArtifactBytes, settings.MaxAttemptBytes));
    }

    private static async Task<Ok<WorkResponse>> WorkAsync(
        HttpRequest request, Dispatcher dispatcher, ReportOffers reports, TimeProvider time, IHostApplicationLifetime life, CancellationToken cancel)
    {
        var sent = await JsonBody.ReadAsync(request, WireOptions.Lenient.WorkRequest, JsonBody.LargeLimit, cancel);
        var body = AgentRequests.Read(sent);
        var heardAt = await dispatcher.TouchAsync(body.AgentId, body.BootId, cancel) ?? throw MustRegister();
        var poll = new WorkPoll(body.AgentId, body.BootId, body.Free, body.Leases, heardAt);
        using var report = sent.MakesReports is true ? reports.Add(body.AgentId) : null;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancel, life.ApplicationStopping, report?.Taken ?? CancellationToken.None);
        return await dispatcher.PollAsync(poll, body.Wait, gone.Token) switch
        {
            WorkAnswer.News(var response) => TypedResults.Ok(report?.Close() is { } task ? response with { Report = task, Superseded = false } : response),
            _ => throw MustRegister(),
        };
    }

    private static async Task<Ok<RenewResponse>> RenewAsync(
        HttpRequest request, Dispatcher dispatcher, ServerSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.RenewRequest, JsonBody.LargeLimit, cancel);
        var answer = await dispatcher.SendAsync(AgentRequests.Command(body, settings.LeaseTtl, time.GetUtcNow()), cancel);
        return TypedResults.Ok(new RenewResponse(answer.States ?? throw MustRegister()));
    }

    private static async Task<Ok<ProgressResponse>> ProgressAsync(HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.ProgressRequest, JsonBody.LargeLimit, cancel);
        var answers = await dispatcher.SendAllAsync(AgentRequests.Commands(body, time.GetUtcNow()), cancel);
        return TypedResults.Ok(new ProgressResponse([.. answers.Select(a => a.State)]));
    }

    private static async Task<Ok<FinishResponse>> FinishAsync(HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.FinishRequest, JsonBody.LargeLimit, cancel);
        var answers = await dispatcher.SendAllAsync(AgentRequests.Commands(body, time.GetUtcNow()), cancel);
        return TypedResults.Ok(new FinishResponse([.. answers.Select(a => a is FinishAnswer.Accepted)]));
    }

    private static async Task<Ok<LogAppended>> AppendLogAsync(
        [FromQuery(Name = "device")] string? device, [FromQuery(Name = "token")] string? token, [FromQuery(Name = "offset")] string? offset,
        HttpRequest request, AttemptAccess attempts, LogFiles logs, CancellationToken cancel)
    {
        var at = Check.Number("offset", offset, 0, long.MaxValue) ?? throw RefusedException.Invalid("offset", "is missing");
        var attempt = await attempts.FindAsync(device, token, cancel);
        var bytes = await JsonBody.ReadBytesAsync(request, LogFiles.MaxChunk, cancel);
        return TypedResults.Ok(new LogAppended(await logs.AppendAsync(attempt.JobId, attempt.Number, at, bytes, cancel)));
    }

    private static async Task<NoContent> PutArtifactAsync(
        string name, [FromQuery(Name = "device")] string? device, [FromQuery(Name = "token")] string? token, [FromQuery(Name = "sha256")] string? sha256,
        HttpRequest request, AttemptAccess attempts, ArtifactFiles artifacts, CancellationToken cancel)
    {
        var attempt = await attempts.FindAsync(device, token, cancel);
        await artifacts.PutAsync(attempt.JobId, attempt.Number, name, sha256 is null ? null : Check.Sha256("sha256", sha256), request, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> LeaveOutAsync(HttpRequest request, AttemptAccess attempts, LeftOutFiles leftOut, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.LeftOutRequest, JsonBody.SmallLimit, cancel);
        if (body.Lease is null || body.Files is null || body.Files.Any(f => f is not { Name: not null, Note: not null })) throw RefusedException.Invalid("files", "each needs a name and a note, and the request a lease");
        var attempt = await attempts.FindAsync(body.Lease.DeviceId, body.Lease.Token.ToString(System.Globalization.CultureInfo.InvariantCulture), cancel);
        await leftOut.NoteAsync(attempt.JobId, attempt.Number, body.Files, cancel);
        return TypedResults.NoContent();
    }

    private static RefusedException MustRegister() => RefusedException.Conflict("The server does not know this boot of the agent, or took it for gone: register first.");
}
