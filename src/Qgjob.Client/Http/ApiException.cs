using System.Net;
using Qgjob.Client.Wire;

namespace Qgjob.Client.Http;

/// <summary>The server answered, and not with what was asked for.</summary>
public sealed class ApiException(HttpStatusCode status, Problem problem)
    : Exception(problem.Detail ?? problem.Title ?? $"The server answered {(int)status}.")
{
    /// <summary>HTTP status.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>The same request would be refused again: the fault is in the request, neither in the moment nor in who asks.</summary>
    public bool IsFinal => (int)Status is >= 400 and < 500 and not 408 and not 429 && !IsUnauthorized;

    /// <summary>The token is missing or wrong (401, 403). People mend that, at either end, so it pays to ask again, slowly.</summary>
    public bool IsUnauthorized => Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    /// <summary>What was sent is the fault, not whom it concerns (400, 413, 422): less of it, or each part by itself, may be taken.</summary>
    public bool IsContentRefused => Status is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity;

    /// <summary>What the server says about it.</summary>
    public Problem Problem { get; } = problem;
}

/// <summary>No answer from the server, or from any of several: wrong address, not running, or the network.</summary>
/// <param name="servers">The addresses that were tried.</param>
/// <param name="inner">What the last one met.</param>
public sealed class ServerUnreachableException(IReadOnlyList<Uri> servers, Exception inner)
    : Exception($"No answer from {Named(servers)}: {inner.Message}. {(servers.Count == 1 ? "Is it" : "Is one of them")} running? Set --url or QGJOB_URL to its address.", inner)
{
    /// <summary>The address that was tried, or the first of several.</summary>
    public Uri Server { get; } = servers[0];

    /// <summary>The addresses that were tried, for people: "the qgjob server at …".</summary>
    public string Tried { get; } = Named(servers);

    private static string Named(IReadOnlyList<Uri> servers) =>
        $"{(servers.Count == 1 ? "the qgjob server" : "any qgjob server")} at {string.Join(", ", servers.Select(s => s.ToString()))}";
}
