using System.Text.Json;
using Qgjob.Cli.Submission;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;

namespace Qgjob.Cli.Tests.Commands;

public sealed class HookTests : IAsyncDisposable
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal static readonly DeliveryView Taken = new()
    {
        Id = "d-1",
        Event = "ping",
        State = DeliveryState.Delivered,
        CreatedAt = CliRun.Now.AddMinutes(-5),
        Tries = 1,
        Log = [new DeliveryTry(CliRun.Now.AddMinutes(-5), 42, 200, "ok")],
    };

    internal static readonly DeliveryView Waiting = new()
    {
        Id = "d-2",
        Event = "test.first_failure",
        RunId = "r-1",
        State = DeliveryState.Pending,
        CreatedAt = CliRun.Now.AddSeconds(-20),
        NextAt = CliRun.Now.AddSeconds(15),
        Tries = 2,
        Log = [new DeliveryTry(CliRun.Now.AddSeconds(-15), 10_000, null, null, "no answer within 10 s"), new DeliveryTry(CliRun.Now.AddSeconds(-9), 3, 503, "busy\u001b[31m", null)],
    };

    internal static readonly HookView Chat = new()
    {
        Name = "chat",
        Url = "https://hooks.slack.com/services/…",
        Format = HookFormat.Slack,
        Events = ["test.first_failure", "test.recovered"],
        Owners = ["@acme/cart"],
        Branches = ["main"],
        CreatedAt = CliRun.Now.AddDays(-1),
        Waiting = 1,
        Last = Taken,
    };

    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Run(string line, string input = "") => CliRun.OfAsync(line.Split(' '), server.Url, folder.Path, input: input, cancel: Cancel);

    private HookSettings Sent() => JsonSerializer.Deserialize(server.Last("PUT ").Body, WireJson.Default.HookSettings)!;

    [Fact]
    public async Task The_list_shows_whom_a_hook_tells_of_what()
    {
        server.On("GET /api/v1/orgs/o/hooks", new ListOf<HookView>([Chat, Chat with { Name = "old", Disabled = "The receiver answered 410 Gone.", Waiting = 0, Owners = null, Branches = null, Last = null }]), WireJson.Default.ListOfHookView);
        var run = await Run("hooks list --org-id o");
        Assert.Equal(
            """
            HOOK  STATE      LAST                      EVENTS                             ONLY                    TO
            chat  1 waiting  delivered 5 min 00 s ago  test.first_failure test.recovered  @acme/cart branch=main  https://hooks.slack.com/services/… (slack)
            old   disabled   -                         test.first_failure test.recovered  -                       https://hooks.slack.com/services/… (slack)

            """, run.Out);
        Assert.Contains("old is disabled. The receiver answered 410 Gone.", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hook_is_added_and_its_secret_shown_once()
    {
        server.On("PUT /api/v1/orgs/o/hooks/chat", Chat with { Secret = "whsec_c2VjcmV0" }, WireJson.Default.HookView);
        folder.With("address.txt", "https://hooks.slack.com/services/T/B/x\n");
        var run = await Run("hooks add chat --org-id o --to-from address.txt --format slack --event run.failed --owner @acme/cart --test tests/** --branch main --meta lab=a=b");
        Assert.Equal("chat: test.first_failure, test.recovered of @acme/cart branch=main to https://hooks.slack.com/services/… (slack)\nsecret: whsec_c2VjcmV0\n", run.Out);
        Assert.Contains("only this once", run.Err, StringComparison.Ordinal);
        var sent = Sent();
        Assert.Equal(("https://hooks.slack.com/services/T/B/x", null, HookFormat.Slack, "run.failed", "@acme/cart", "tests/**", "main", "a=b"),
            (sent.Url, sent.Secret, sent.Format!.Value, sent.Events![0], sent.Owners![0], sent.Tests![0], sent.Branches![0], sent.Meta!["lab"]));
        await Run("hooks add chat --org-id o --to http://x/ --secret-from -", "whsec_Zm9v\n");
        Assert.Equal("whsec_Zm9v", Sent().Secret);
        var both = await Run("hooks add chat --org-id o");
        Assert.Equal((2, true), (both.ExitCode, both.Err.Contains("--to-from FILE", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Deliveries_tell_what_the_receiver_answered()
    {
        server.On("GET /api/v1/orgs/o/hooks/chat/deliveries", new ListOf<DeliveryView>([Waiting, Taken]), WireJson.Default.ListOfDeliveryView)
            .On("GET /api/v1/runs/r-1/deliveries", new ListOf<DeliveryView>([]), WireJson.Default.ListOfDeliveryView);
        Assert.Equal(
            """
            DELIVERY  STATE             EVENT               RUN  AGE         TRIES  ANSWER
            d-2       pending, in 15 s  test.first_failure  r-1  20 s        2      503 after 3 ms: busy
            d-1       delivered         ping                -    5 min 00 s  1      200 after 42 ms: ok

            """, (await Run("hooks deliveries chat --org-id o")).Out);
        Assert.Contains("Nothing was sent yet.", (await Run("hooks deliveries r-1")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_is_not_taken_fails()
    {
        server.On("POST /api/v1/orgs/o/hooks/chat/test", Taken with { State = DeliveryState.Failed, Log = [new DeliveryTry(CliRun.Now, 12, 404, "no such channel")] }, WireJson.Default.DeliveryView);
        var run = await Run("hooks test chat --org-id o");
        Assert.Equal((1, "d-1 failed: 404 after 12 ms: no such channel\n"), (run.ExitCode, run.Err));
    }

    [Fact]
    public async Task A_submission_names_where_to_tell_of_its_end()
    {
        server.On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1"]), WireJson.Default.RunAccepted);
        async Task<NotifyTarget?> SentAsync(string line, Dictionary<string, string> environment)
        {
            await CliRun.OfAsync($"submit --org-id o --app-version-id v --test a.spec.ts {line}".Trim().Split(' '), server.Url, folder.Path, environment, cancel: Cancel);
            return JsonSerializer.Deserialize(server.Last("POST ").Body, WireJson.Default.SubmitRun)!.Notify;
        }
        Assert.Null(await SentAsync("", []));
        Assert.Equal(
            new NotifyTarget { Url = "https://example.com/x", Format = HookFormat.Slack, Secret = "whsec_Zm9v" },
            await SentAsync("--notify https://example.com/x --notify-format slack", new() { ["QGJOB_NOTIFY_SECRET"] = "whsec_Zm9v", ["QGJOB_NOTIFY"] = "https://other/" }));
        Assert.Equal(
            new NotifyTarget { Url = "https://other/", Format = HookFormat.Slack }, await SentAsync("", new() { ["QGJOB_NOTIFY"] = "https://other/", ["QGJOB_NOTIFY_FORMAT"] = "slack" }));
        var run = await Run("submit --org-id o --app-version-id v --test a.spec.ts --notify-format slack");
        Assert.Equal((2, true), (run.ExitCode, run.Err.Contains("--notify ADDRESS", StringComparison.Ordinal)));
    }

    [Fact]
    public void Owners_of_tests_come_from_the_repository_around_the_project()
    {
        folder.With("repo/.git/HEAD", "ref: refs/heads/main").With("repo/app/tests/a.spec.ts", "")
            .With("repo/.github/CODEOWNERS", "* @acme/all\n/app/tests/b.* @acme/cart @joe\n/app/tests/a.spec.ts\n").With("repo/CODEOWNERS", "* @not-this");
        var owners = OwnersOfTests.Read(Path.Combine(folder.Path, "repo/app"), ["tests/a.spec.ts", "tests/b.spec.ts", "c.spec.ts"], Assert.Fail)!;
        Assert.Equal(["tests/b.spec.ts", "c.spec.ts"], owners.Keys);
        Assert.Equal(["@acme/cart", "@joe"], owners["tests/b.spec.ts"]);
        Assert.Null(OwnersOfTests.Read(folder.Path, ["a.spec.ts"], Assert.Fail));
        // Without a repository the project's own file counts.
        folder.With("alone/docs/CODEOWNERS", "*.ts @me");
        Assert.Equal(["@me"], OwnersOfTests.Read(Path.Combine(folder.Path, "alone"), ["a.spec.ts"], Assert.Fail)!["a.spec.ts"]);
    }
}
