using System.Text.Json.Nodes;
using Qgjob.Client.Wire;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>Tries made from a result: of an attempt that was killed, or whose blob report is missing or says something else.</summary>
internal static class MadeUpTries
{
    public static IEnumerable<JsonObject> Of(BlobTest test, JobResults job, DateTimeOffset start)
    {
        var result = test.Entry.Test;
        if (result.Status is TestStatus.Skipped)
        {
            foreach (var happened in Try(0, "skipped", result.DurationMs, null, null)) yield return happened;
            yield break;
        }

        // All but the last of several tries have failed, or there would have been no other.
        for (var retry = 0; retry < result.Retry || (result.Status is TestStatus.Flaky && retry == 0); retry++)
            foreach (var happened in Try(retry, "failed", 0, result.Error ?? "failed", result.Snippet)) yield return happened;
        var last = Math.Max(result.Retry, result.Status is TestStatus.Flaky ? 1 : 0);
        var (word, error, snippet) = result.Status switch
        {
            TestStatus.Passed or TestStatus.Flaky => ("passed", null, null),
            TestStatus.TimedOut => ("timedOut", result.Error, result.Snippet),
            _ => ("failed", result.Error, result.Snippet),
        };
        foreach (var happened in Try(last, word, result.DurationMs, error, snippet)) yield return happened;

        IEnumerable<JsonObject> Try(int retry, string status, double ms, string? error, string? snippet)
        {
            var id = $"{test.Id}-{retry}";
            yield return JobBlob.Event("onTestBegin", ("testId", test.Id), ("result", new JsonObject
            {
                ["id"] = id,
                ["retry"] = retry,
                ["workerIndex"] = 0,
                ["parallelIndex"] = 0,
                ["startTime"] = (job.StartedAt ?? start).ToUnixTimeMilliseconds(),
            }));
            var errors = new JsonArray();
            if (error is not null) errors.Add((JsonNode)new JsonObject { ["message"] = error, ["snippet"] = snippet });
            yield return JobBlob.Event("onTestEnd", ("test", new JsonObject
            {
                ["testId"] = test.Id,
                ["expectedStatus"] = status == "skipped" ? "skipped" : "passed",
                ["annotations"] = BlobSuites.Annotations(test),
                ["timeout"] = 0,
            }), ("result", new JsonObject
            {
                ["id"] = id,
                ["duration"] = ms,
                ["status"] = status,
                ["errors"] = errors,
                ["attachments"] = new JsonArray(),
            }));
        }
    }
}
