using System.Text.Json;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>A test's annotations, written alike by the JSON report and by reporter.cjs.</summary>
internal static class Annotations
{
    /// <returns>Null when there are none.</returns>
    public static IReadOnlyList<TestAnnotation>? Read(JsonElement test) =>
        test.TryGetProperty("annotations", out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            ? [.. list.EnumerateArray().Select(a => new TestAnnotation(Text(a, "type") ?? "", Text(a, "description")))]
            : null;

    private static string? Text(JsonElement annotation, string name) =>
        annotation.ValueKind == JsonValueKind.Object && annotation.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? ReporterEvents.Plain(value.GetString()!)
            : null;
}
