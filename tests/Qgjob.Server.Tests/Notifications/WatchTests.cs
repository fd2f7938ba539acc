using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Notifications;

/// <summary>Whom a hook tells of which tests, over runs that end one after the other and beside one another.</summary>
public sealed class WatchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_test_is_told_of_when_it_begins_to_fail_and_when_it_passes_again_and_not_in_between()
    {
        await using var lab = await HookLab.StartAsync();
        await lab.HookAsync();
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed), HookLab.Test("b", TestStatus.Passed)], "main");
        await lab.SilenceAsync();
        var broke = await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed), HookLab.Test("b", TestStatus.Passed)], "main");
        var (type, data) = await ToldAsync(lab);
        var test = Assert.Single(data.Tests!);
        Assert.Equal((HookEvents.FirstFailure, broke, "suite › a", "tests/a.spec.js", 3), (type, data.Run!.RunId, test.Title, test.File, test.Line));
        Assert.StartsWith("Error: expected <1>", test.Error, StringComparison.Ordinal);

        // Still failing, infrastructure, skipped, flaky on another branch: no news.
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed), HookLab.Test("b", TestStatus.Skipped)], "main");
        await lab.RunAsync(AttemptOutcome.Infra, [HookLab.Test("b", TestStatus.Failed)], "main", r => r with { InfraAttempts = 1 });
        await lab.RunAsync(AttemptOutcome.RunLimit, [HookLab.Test("b", TestStatus.Interrupted)], "main");
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Flaky)], "feature/y");
        await lab.SilenceAsync();

        // Another branch is another line.
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed)], "feature/x");
        Assert.Equal(HookEvents.FirstFailure, (await ToldAsync(lab)).Type);
        // Passing on a retry is passing.
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Flaky)], "main");
        (type, data) = await ToldAsync(lab);
        Assert.Equal((HookEvents.Recovered, "main", broke), (type, data.Run!.Meta["branch"], Assert.Single(data.Tests!).FailedSinceRun));
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed)], "main");
        await lab.SilenceAsync();
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed)], "feature/x");
        Assert.Equal("feature/x", (await ToldAsync(lab)).Data.Run!.Meta["branch"]);
    }

    [Fact]
    public async Task What_fails_in_quarantine_is_no_news_until_it_fails_after_that()
    {
        await using var lab = await HookLab.StartAsync();
        await lab.HookAsync();
        var entry = await lab.Server.Client.QuarantineAsync("o", new QuarantineOrder { File = "tests/a.spec.js", Title = "suite › a", Reason = "flaky bank" }, Cancel);
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed), HookLab.Test("b", TestStatus.Passed)], "main");
        await lab.SilenceAsync();
        // Red by another test.
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed), HookLab.Test("b", TestStatus.Failed)], "main");
        Assert.Equal("suite › b", Assert.Single((await ToldAsync(lab)).Data.Tests!).Title);
        await lab.Server.Client.EndQuarantineAsync("o", entry.QuarantineId, Cancel);
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed), HookLab.Test("b", TestStatus.Failed)], "main");
        Assert.Equal("suite › a", Assert.Single((await ToldAsync(lab)).Data.Tests!).Title);
    }

    [Fact]
    public async Task Runs_of_one_branch_that_overtake_one_another_tell_no_old_news()
    {
        // Virtual seconds pass while a message is on its way: on a busy machine more than a lease has.
        await using var lab = await HookLab.StartAsync(null, "--lease-ttl", "1h");
        await lab.HookAsync();
        var second = new FakeAgent(lab.Server, "lab-2");
        // Submitted first, ends last: what it says was overtaken.
        var old = await lab.BeginAsync("main");
        var newer = await lab.BeginAsync("main", r => r with { AppVersionId = "v2" }, second);
        await newer.End(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed)]);
        await old.End(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed)]);
        await lab.SilenceAsync();

        old = await lab.BeginAsync("main");
        newer = await lab.BeginAsync("main", r => r with { AppVersionId = "v2" }, second);
        await newer.End(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed)]);
        Assert.Equal(HookEvents.FirstFailure, (await ToldAsync(lab)).Type);
        await old.End(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed)]);
        await lab.SilenceAsync();
        await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("a", TestStatus.Passed)], "main");
        Assert.Equal(HookEvents.Recovered, (await ToldAsync(lab)).Type);
    }

    [Fact]
    public async Task Hooks_hear_of_their_owners_tests_alone()
    {
        await using var lab = await HookLab.StartAsync();
        await using var payments = await HookReceiver.StartAsync();
        await using var tagged = await HookReceiver.StartAsync();
        await lab.HookAsync("cart", s => s with { Owners = ["@ACME/cart"], Events = [HookEvents.FirstFailure, HookEvents.RunFailed] });
        await lab.HookAsync("payments", s => s with { Url = payments.Url, Owners = ["@acme/payments"] });
        await lab.HookAsync("tagged", s => s with { Url = tagged.Url, Owners = ["@team-search"], Branches = ["main"], Tests = ["tests/**"] });
        SubmitRun Owned(SubmitRun run) => run with { Owners = new() { ["tests/a.spec.js"] = ["@acme/cart", "@joe"] } };
        await lab.RunAsync(
            AttemptOutcome.Failed, [HookLab.Test("mine", TestStatus.Failed), HookLab.Test("theirs", TestStatus.Failed, "@slow", "@team-search")], "main", Owned);
        var told = new Dictionary<string, HookData>();
        for (var i = 0; i < 2; i++)
        {
            var (type, data) = await ToldAsync(lab);
            told[type] = data;
        }
        Assert.Equal([HookEvents.RunFailed, HookEvents.FirstFailure], told.Keys.Order(StringComparer.Ordinal));
        Assert.All(told.Values, d => Assert.Equal(("suite › mine", "@acme/cart @joe"), (Assert.Single(d.Tests!).Title, string.Join(' ', d.Tests![0].Owners))));
        await lab.UntilAsync(() => Task.FromResult(!tagged.Messages.IsEmpty));
        var search = JsonSerializer.Deserialize(Assert.Single(tagged.Messages).Body, WireJson.Default.HookEvent)!;
        Assert.Equal(["@team-search"], Assert.Single(search.Data.Tests!).Owners);
        Assert.Empty(payments.Messages);
        // The owners stay with the file when it is run again.
        tagged.Messages.Clear();
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("new", TestStatus.Failed, "@team-search")], "feature/x", Owned);
        await lab.SilenceAsync();
        Assert.Empty(tagged.Messages);
    }

    [Fact]
    public async Task Nothing_is_written_where_nobody_wants_to_know()
    {
        var store = new Core.Storage.Memory.MemoryStore();
        await using var lab = await HookLab.StartAsync(store);
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed)], "main");
        Assert.Empty(await store.HookRowsAsync("", Cancel));
        await lab.HookAsync(with: s => s with { Events = [HookEvents.RunFailed] });
        await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("a", TestStatus.Failed)], "main");
        await lab.NextAsync();
        Assert.Empty(await store.HookRowsAsync(HookKeys.AllFailing, Cancel));
    }

    private static async Task<(string Type, HookData Data)> ToldAsync(HookLab lab)
    {
        var message = await lab.NextAsync();
        var told = JsonSerializer.Deserialize(message.Body, WireJson.Default.HookEvent)!;
        return (told.Type, told.Data);
    }
}
