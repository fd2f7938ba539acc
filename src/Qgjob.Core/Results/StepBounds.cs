namespace Qgjob.Core.Results;

/// <summary>Which of a try's steps are kept: how it began, and how it came to its end.</summary>
internal static class StepBounds
{
    public static (IReadOnlyList<TestStep> Kept, int LeftOut) Apply(IReadOnlyList<TestStep> steps)
    {
        var all = Count(steps);
        var next = 0;
        var kept = 0;
        return (Keep(steps, 1), all - kept);

        List<TestStep> Keep(IReadOnlyList<TestStep> given, int depth)
        {
            var list = new List<TestStep>();
            foreach (var step in given)
            {
                var number = next++;
                List<TestStep>? inner = null;
                if (depth < ResultBounds.StepDepth) inner = Keep(step.Steps ?? [], depth + 1);
                else next += Count(step.Steps ?? []);
                if (inner is not { Count: > 0 } && number >= ResultBounds.Steps / 2 && number < all - (ResultBounds.Steps / 2)) continue;
                kept++;
                list.Add(new TestStep(
                    ResultBounds.Cut(step.Title, ResultBounds.Name) ?? "", ResultBounds.Cut(step.Category, ResultBounds.Name), step.DurationMs,
                    ResultBounds.Cut(step.Error, ResultBounds.Remark), inner is { Count: > 0 } ? inner : null));
            }

            return list;
        }
    }

    private static int Count(IReadOnlyList<TestStep> steps) => steps.Sum(s => 1 + Count(s.Steps ?? []));
}
