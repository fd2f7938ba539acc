namespace Qgjob.Core.Jobs;

/// <summary>Which part of a divided test file a job runs.</summary>
/// <param name="Index">From 1; the last one also runs every test that nobody knew of.</param>
/// <param name="Of">How many there are.</param>
/// <param name="Sharded">Playwright divides the file by itself (<c>--shard</c>), since nothing was known of its tests; null: the selection names them.</param>
public sealed record TestSlice(int Index, int Of, bool? Sharded = null)
{
    /// <summary>A job's file for people: <c>tests/checkout.spec.ts [2/4]</c>, or the path alone where it runs whole.</summary>
    public static string NameOf(string testPath, TestSlice? slice) => slice is null ? testPath : $"{testPath} [{slice.Index}/{slice.Of}]";
}
