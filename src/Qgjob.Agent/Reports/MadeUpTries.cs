using System.Text.Json.Nodes;
using Qgjob.Client.Wire;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>Tries made from a result: of an attempt that was killed, or whose blob report is missing or says something else.</summary>
internal static class MadeUpTries
{
    /// <summary>The events of a test's tries, which come to what its result says.</summary>
    public static IEnumerable<JsonObject> Of(BlobTest test, JobResults job, DateTimeOffset start)
    {
        var result = test.Entry.Test;
        var tries = Known(result) ?? Guessed(result);
        for (var i = 0; i < tries.Count; i++)
        {
            var id = $"{test.Id}-{i}";
            yield return JobBlob.Event("onTestBegin", ("testId", test.Id), ("result", new JsonObject
            {
                ["id"] = id,
                ["retry"] = i,
                ["workerIndex"] = 0,
                ["parallelIndex"] = 0,
                ["startTime"] = (tries[i].StartedAt ?? job.StartedAt ?? start).ToUnixTimeMilliseconds(),
            }));
            foreach (var step in new MadeUpSteps(test.Id, id, (tries[i].StartedAt ?? start).ToUnixTimeMilliseconds()).Of(tries[i].Steps, null)) yield return step;
            var errors = new JsonArray();
            if (tries[i].Status.IsFailure()) errors.Add((JsonNode)new JsonObject { ["message"] = tries[i].Error ?? result.Error, ["snippet"] = tries[i].Snippet });
            yield return JobBlob.Event("onTestEnd", ("test", new JsonObject
            {
                ["testId"] = test.Id,
                ["expectedStatus"] = result.Status is TestStatus.Skipped ? "skipped" : "passed",
                ["annotations"] = BlobSuites.Annotations(test),
                ["timeout"] = 0,
            }), ("result", new JsonObject
            {
                ["id"] = id,
                ["duration"] = tries[i].DurationMs,
                ["status"] = tries[i].Status switch
                {
                    TestStatus.Passed or TestStatus.Flaky => "passed",
                    TestStatus.Skipped => "skipped",
                    TestStatus.TimedOut => "timedOut",
                    // Playwright would count an interrupted one as none.
                    _ => "failed",
                },
                ["errors"] = errors,
                ["attachments"] = new JsonArray(),
            }));
        }
    }

    /// <summary>The tries that the result tells, when they come to the same; a test that is expected to fail has failed in them.</summary>
    private static List<TestTry>? Known(TestResult result)
    {
        if (result.Tries is not { Count: > 0 } tries) return null;
        var failed = tries.Count(t => t.Status.IsFailure());
        var agrees = result.Status switch
        {
            TestStatus.Passed => failed == 0 && tries.Any(t => t.Status is TestStatus.Passed),
            TestStatus.Skipped => tries.All(t => t.Status is TestStatus.Skipped),
            TestStatus.Flaky => failed > 0 && tries.Any(t => t.Status is TestStatus.Passed),
            _ => failed > 0 && tries.All(t => t.Status.IsFailure()),
        };
        // The last one's duration is the result's, which knows it also of a try that was interrupted.
        return agrees ? [.. tries.SkipLast(1), tries[^1] with { DurationMs = result.DurationMs }] : null;
    }

    /// <summary>All but the last of several tries have failed, or there would have been no other.</summary>
    private static List<TestTry> Guessed(TestResult result)
    {
        var last = Math.Max(result.Retry, result.Status is TestStatus.Flaky ? 1 : 0);
        if (result.Status is TestStatus.Skipped) last = 0;
        return [.. Enumerable.Range(0, last).Select(i => new TestTry(i, TestStatus.Failed, 0, Error: result.Error ?? "failed", Snippet: result.Snippet)),
            new TestTry(last, result.Status, result.DurationMs, Error: result.Error, Snippet: result.Snippet)];
    }
}

/// <summary>Steps of such a try, one after the other: nobody told when each began.</summary>
internal sealed class MadeUpSteps(string testId, string resultId, long start)
{
    private int count;

    public IEnumerable<JsonObject> Of(IReadOnlyList<TestStep>? steps, string? parent)
    {
        var at = (double)start;
        foreach (var step in steps ?? [])
        {
            var id = $"{resultId}-{count++}";
            yield return JobBlob.Event("onStepBegin", ("testId", testId), ("resultId", resultId), ("step", new JsonObject
            {
                ["id"] = id,
                ["parentStepId"] = parent,
                ["title"] = step.Title,
                ["category"] = step.Category ?? "test.step",
                ["startTime"] = (long)at,
            }));
            foreach (var inner in Of(step.Steps, id)) yield return inner;
            at += step.DurationMs ?? 0;
            // One without an end is where the test was interrupted.
            if (step.DurationMs is not { } duration) continue;
            yield return JobBlob.Event("onStepEnd", ("testId", testId), ("resultId", resultId), ("step", new JsonObject
            {
                ["id"] = id,
                ["duration"] = duration,
                ["error"] = step.Error is { } error ? new JsonObject { ["message"] = error } : null,
            }));
        }
    }
}
