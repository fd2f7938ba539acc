using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Http;

/// <summary>Writes everything that goes wrong as a problem document (RFC 9457).</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, IHostApplicationLifetime life, ILogger<ProblemMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            RefuseOtherSites(context.Request);
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
                await WriteAsync(context, Explain(context));
        }
        catch (RefusedException e)
        {
            await WriteAsync(context, new Problem(e.Title, e.Status, e.Message, e.Field, e.Type));
        }
        catch (BadHttpRequestException e)
        {
            await WriteAsync(context, new Problem(ReasonPhrases.GetReasonPhrase(e.StatusCode), e.StatusCode, e.Message));
        }
        catch (StoreUnavailableException e)
        {
            LogStore(e.Message);
            // A stream that has begun has sent its headers.
            if (!context.Response.HasStarted) context.Response.Headers.RetryAfter = "1";
            await WriteAsync(context, new Problem("Store unavailable", StatusCodes.Status503ServiceUnavailable, "The store does not answer at the moment. What was not acknowledged may be sent again; the server goes on by itself when the store is back."));
        }
        catch (BlobsUnavailableException e)
        {
            LogStore(e.Message);
            context.Response.Headers.RetryAfter = "1";
            await WriteAsync(context, new Problem("Blobs unavailable", StatusCodes.Status503ServiceUnavailable, $"The place of builds, logs and artifacts does not answer at the moment ({e.Message}). Try again; the server goes on by itself when it is back."));
        }
        catch (IOException e) when (FullDisk.Is(e) && !context.RequestAborted.IsCancellationRequested)
        {
            LogFull(e.Message);
            context.Response.Headers.RetryAfter = "10";
            await WriteAsync(context, new Problem("Disk full", StatusCodes.Status507InsufficientStorage, "The server's disk is full: nothing was stored. Free some room there, or lower --max-disk or --keep-files; what was sent may be sent again."));
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client went away; there is nobody to tell.
        }
        catch (OperationCanceledException) when (life.ApplicationStopping.IsCancellationRequested)
        {
            await WriteAsync(context, new Problem("Stopping", StatusCodes.Status503ServiceUnavailable, "The server stops. Try again."));
        }
        // The last line of defence: a bug must not cost more than its own request.
        catch (Exception e)
        {
            LogBug(e, context.Request.Method, context.Request.Path);
            await WriteAsync(context, new Problem("Internal error", StatusCodes.Status500InternalServerError, "A bug in the server; its log says more."));
        }
    }

    /// <summary>Pages of other sites must not drive the server through a browser.</summary>
    private static void RefuseOtherSites(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            throw new RefusedException(StatusCodes.Status403Forbidden, "Forbidden", "Pages of other sites may not change anything here.");
    }

    private static Problem Explain(HttpContext context)
    {
        var status = context.Response.StatusCode;
        var detail = status switch
        {
            StatusCodes.Status404NotFound => $"There is nothing at {context.Request.Path}; the API is described at /scalar.",
            StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not possible at {context.Request.Path}; allowed: {context.Response.Headers.Allow}.",
            StatusCodes.Status415UnsupportedMediaType => "This call does not take a body of that type; the API takes application/json, uploads anything.",
            _ => null,
        };
        return new Problem(ReasonPhrases.GetReasonPhrase(status), status, detail);
    }

    private static async Task WriteAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return;
        }
        context.Response.StatusCode = problem.Status!.Value;
        context.Response.ContentType = "application/problem+json";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await JsonSerializer.SerializeAsync(
            context.Response.Body, problem with { TraceId = context.TraceIdentifier, Instance = context.Request.Path }, WireOptions.Readable.Problem, context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request was told to try again: {Reason}.")]
    private partial void LogStore(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The disk is full: {Reason}")]
    private partial void LogFull(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} met a bug.")]
    private partial void LogBug(Exception error, string method, PathString path);
}
