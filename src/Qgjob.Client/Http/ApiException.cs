using System.Net;
using Qgjob.Client.Wire;

namespace Qgjob.Client.Http;

/// <summary>The server answered, and not with what was asked for.</summary>
public sealed class ApiException(HttpStatusCode status, Problem problem)
    : Exception(problem.Detail ?? problem.Title ?? $"The server answered {(int)status}.")
{
    /// <summary>HTTP status.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>The same request would be refused again: the fault is in the request, not in the moment.</summary>
    public bool IsFinal => (int)Status is >= 400 and < 500 and not 408 and not 429;

    /// <summary>What the server says about it.</summary>
    public Problem Problem { get; } = problem;
}

/// <summary>No answer from the server: wrong address, not running, or the network.</summary>
public sealed class ServerUnreachableException(Uri server, Exception inner)
    : Exception($"No answer from the qgjob server at {server}: {inner.Message}. Is it running? Set --url or QGJOB_URL to its address.", inner)
{
    /// <summary>The address that was tried.</summary>
    public Uri Server { get; } = server;
}
