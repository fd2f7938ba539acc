using System.Globalization;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Stores;
using Qgjob.Stores.Tests;

namespace Qgjob.Faults.Tests.History;

/// <summary>What the API does not show, read from the store itself once no server uses it: tokens, finish ids, counters.</summary>
internal static class RowsCheck
{
    public static async Task<IReadOnlyList<string>> ViolationsAsync(
        string storeUrl, IReadOnlyList<PhoneUse> uses, IReadOnlyList<FinishHeard> finishes, bool mayForget, CancellationToken cancel)
    {
        var violations = new List<string>();
        void Say(FormattableString what) => violations.Add(what.ToString(CultureInfo.InvariantCulture));
        var attempts = new List<Attempt>();
        var devices = new List<Device>();
        await using (var journal = await StoreFactory.OpenJournalAsync(storeUrl, cancel))
            await foreach (var part in journal.ExportAsync(cancel))
            {
                attempts.AddRange(part.Attempts);
                devices.AddRange(part.Devices);
            }
        foreach (var device in attempts.GroupBy(a => a.DeviceId))
        {
            var inOrder = device.OrderBy(a => a.Token).ToList();
            foreach (var (one, next) in inOrder.Zip(inOrder.Skip(1)))
                if (one.Token == next.Token || one.EndedAt > next.ClaimedAt)
                    Say($"{device.Key}: token {one.Token} ended at {one.EndedAt:O}, token {next.Token} was claimed at {next.ClaimedAt:O}");
            if (devices.First(d => d.Id == device.Key).LastToken < inOrder[^1].Token) Say($"{device.Key} forgot its token {inOrder[^1].Token}");
        }
        var byToken = attempts.ToLookup(a => (a.DeviceId, a.Token));
        foreach (var finish in finishes.Where(f => f.Accepted && !mayForget))
            if (byToken[(finish.Device, finish.Token)].SingleOrDefault() is not { } attempt || attempt.FinishId != finish.FinishId || Words.Of(attempt.Outcome) != finish.Outcome)
                Say($"{finish.Device}, token {finish.Token}: {finish.Outcome} was acknowledged under {finish.FinishId}, and is not what is there");
        // Nothing reached a phone without a lease.
        foreach (var use in uses.Where(u => !mayForget && !byToken[(u.Device, u.Token)].Any())) Say($"{use.Device} was driven under token {use.Token}, which nobody gave");
        violations.AddRange(await RecountAsync(storeUrl, cancel));
        return violations;
    }

    private static async Task<string[]> RecountAsync(string storeUrl, CancellationToken cancel)
    {
        await using var store = await StoreFactory.OpenAsync(storeUrl, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), cancel);
        try
        {
            await Ledger.CheckAsync(store, cancel);
            return [];
        }
        catch (Xunit.Sdk.XunitException e)
        {
            return [$"counted again: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains(nameof(Ledger), StringComparison.Ordinal))}"];
        }
    }
}
