using Microsoft.Extensions.Time.Testing;

namespace Qgjob.Core.Tests;

public sealed class TimeOrderedIdsTests
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 5, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Ids_sort_by_the_time_of_their_making_across_sources()
    {
        var ids = new List<string>();
        for (var i = 0; i < 50; i++)
        {
            ids.Add(new TimeOrderedIds(time).NewId("j"));
            time.Advance(TimeSpan.FromMilliseconds(1 + (i * i)));
        }
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public void Ids_of_one_source_rise_within_a_millisecond_and_when_the_clock_is_set_back()
    {
        var source = new TimeOrderedIds(time);
        var ids = Enumerable.Range(0, 1000).Select(_ => source.NewId("j")).ToList();
        time.AdjustTime(time.GetUtcNow() - TimeSpan.FromMinutes(1));
        ids.AddRange(Enumerable.Range(0, 1000).Select(_ => source.NewId("j")));
        Assert.Equal(ids.Distinct().Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public void Threads_never_get_the_same_id()
    {
        var source = new TimeOrderedIds(time);
        var ids = new string[20_000];
        Parallel.For(0, ids.Length, i => ids[i] = source.NewId("c"));
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public void An_id_is_its_prefix_a_dash_and_26_characters_that_cannot_be_misread() =>
        Assert.Matches("^run-[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}$", new TimeOrderedIds(time).NewId("run"));
}
