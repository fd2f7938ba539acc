using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Runs;

/// <summary>How the files of a submission are to be divided.</summary>
/// <param name="Parts"><see cref="SplitConverter.Auto"/>, or into how many.</param>
/// <param name="Shard">By Playwright's own sharding where nothing is known.</param>
internal sealed record SplitOrder(int Parts, bool Shard)
{
    private const int MaxFiles = 500;

    /// <summary>What the submission says; null: nothing.</summary>
    public static SplitOrder? Of(SubmitRun run)
    {
        if (run.Shard is not null && run.Split is null) throw RefusedException.Invalid("shard", "says how to split, so it needs split");
        if (run.Split is not { } parts) return null;
        if (parts is not SplitConverter.Auto and (< 2 or > SplitSize.Most)) throw RefusedException.Invalid("split", $"must be auto or from 2 to {SplitSize.Most}");
        if (run.EachDevice is true) throw RefusedException.Invalid("split", "cannot be given together with each_device: there every device runs whole files");
        if (run.Tests is { Count: > MaxFiles }) throw RefusedException.Invalid("split", $"divides at most {MaxFiles} files at once; submit them in several runs, or without split");
        return new SplitOrder(parts, run.Shard is true);
    }
}

/// <summary>A job to be made: a file or a part of one.</summary>
internal sealed record SplitJob(JobSpec Spec, int? Tests, double? Seconds)
{
    // Playwright's own start, which is in a process's time and in no test's.
    private const double StartSeconds = 3;

    /// <summary>Seconds that its process is expected to take; null: as the file's history says.</summary>
    public double? EstimateSeconds => Spec.Tests is null ? null : Seconds + StartSeconds;

    public PlannedPart View() => new(Spec.TestPath, Spec.Platform, Spec.Tests?.Slice, Tests, Seconds is { } s ? Math.Round(s, 1) : null);
}

/// <summary>Divides test files by what their tests took in the past.</summary>
internal sealed class Splits(Dispatcher dispatcher, IJobStore store)
{
    /// <summary>Attempts at each file that are looked at: several runs of a file in 32 parts.</summary>
    private const int PastAttempts = 200;
    private const int FilesNamed = 3;

    /// <param name="order">What the submission asks for.</param>
    /// <param name="specs">Each file once for each platform, whole.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Jobs in the same order, and what people should know.</returns>
    public async Task<(IReadOnlyList<SplitJob> Jobs, IReadOnlyList<string> Notes)> PlanAsync(SplitOrder order, IReadOnlyList<JobSpec> specs, CancellationToken cancel)
    {
        var files = new List<(JobSpec Spec, TestSplit Past)>(specs.Count);
        foreach (var file in specs.GroupBy(s => s.TestPath))
        {
            var history = TestHistory.Of(await store.PastTestsAsync(file.First().OrgId, file.Key, PastAttempts, cancel));
            files.AddRange(file.Select(s => (s, TestSplit.Of(s.TestPath, history, s.AwProject, s.Platform))));
        }
        var rooms = await RoomsAsync(specs, cancel);
        var jobs = new List<SplitJob>();
        var notes = new List<(string Why, string File)>();
        foreach (var platform in files.GroupBy(f => f.Spec.Platform))
        {
            var room = rooms[platform.Key].Single();
            var all = platform.Sum(f => f.Past.Seconds);
            foreach (var (spec, past) in platform)
            {
                var wanted = order.Parts is SplitConverter.Auto ? SplitSize.Auto(past.Seconds, past.LongestSeconds, all, room) : order.Parts;
                var parts = past.Into(wanted);
                if (parts.Count > 0) jobs.AddRange(parts.Select(p => new SplitJob(spec with { Tests = p.Selection }, p.Tests, p.Seconds)));
                else if (!past.IsKnown && order is { Shard: true, Parts: not SplitConverter.Auto })
                    jobs.AddRange(TestSplit.Shards(wanted).Select(s => new SplitJob(spec with { Tests = s }, null, null)));
                else jobs.Add(new SplitJob(spec, past.IsKnown ? past.Count : null, past.IsKnown ? past.Seconds : null));
                if (Note(order, past, parts.Count, room) is { } note) notes.Add((note, spec.TestPath));
            }
        }
        var place = specs.Select((s, i) => (s, i)).ToDictionary(s => (s.s.TestPath, s.s.Platform), s => s.i);
        return ([.. jobs.OrderBy(j => place[(j.Spec.TestPath, j.Spec.Platform)])],
            [.. notes.Distinct().GroupBy(n => n.Why).Select(g => $"{Named([.. g.Select(n => n.File).Distinct()])}: {g.Key}")]);
    }

    private async Task<ILookup<Platform?, SplitRoom>> RoomsAsync(IReadOnlyList<JobSpec> specs, CancellationToken cancel)
    {
        var version = await store.FindAppVersionAsync(specs[0].OrgId, specs[0].AppVersionId, cancel);
        var kinds = specs.DistinctBy(s => s.Platform).ToList();
        var found = await dispatcher.LookAsync(pools => kinds.Select(s => SplitRooms.Of(pools.Find(Run.DefaultPool) ?? new PoolView(), s, version)).ToList(), cancel);
        return kinds.Zip(found).ToLookup(k => k.First.Platform, k => k.Second);
    }

    /// <summary>Why a file is divided otherwise than was asked for; null: it is not.</summary>
    private static string? Note(SplitOrder order, TestSplit past, int parts, SplitRoom room) => (past.IsKnown, order.Parts) switch
    {
        (false, SplitConverter.Auto) => "not divided, since no two tests of it are known from earlier runs; a later submission can.",
        (false, _) when order.Shard => "divided by Playwright's own sharding, since no two tests of it are known from earlier runs.",
        (false, _) => "not divided, since no two tests of it are known from earlier runs; a later submission can. (Playwright's own sharding divides files of projects with fullyParallel.)",
        (_, SplitConverter.Auto) when parts == 0 && room.Devices < 2 => $"not divided, since {(room.Devices == 0 ? "no device" : "one device")} can run it now.",
        (_, SplitConverter.Auto) when parts == 0 => "not divided: its tests are too short for it, or those of the other files keep the devices busy.",
        (_, > 0) when parts < order.Parts => $"divided into {parts}: no more tests of it are known.",
        _ => null,
    };

    private static string Named(IReadOnlyList<string> files) =>
        string.Join(", ", files.Take(FilesNamed)) + (files.Count > FilesNamed ? $" and {files.Count - FilesNamed} more files" : "");
}
