using System.Net;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Server.Hosting;
using Qgjob.Server.Notifications;
using Xunit;

namespace Qgjob.Server.Tests.Notifications;

/// <summary>What is sent and where to, without sending it.</summary>
public sealed class MessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_signature_is_the_published_one()
    {
        // The example of the Standard Webhooks specification's libraries.
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSignature.Of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""));
        Assert.Equal(32, WebhookSignature.KeyOf(WebhookSignature.NewSecret())!.Length);
        Assert.Null(WebhookSignature.KeyOf("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        Assert.Null(WebhookSignature.KeyOf("whsec_c2hvcnQ="));
        Assert.Null(WebhookSignature.KeyOf("whsec_not base64"));
    }

    [Theory]
    [InlineData("8.8.8.8", "public")]
    [InlineData("2001:4860:4860::8888", "public")]
    [InlineData("10.1.2.3", "private")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.32.0.1", "public")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("100.64.0.1", "private")]
    [InlineData("fd12::1", "private")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.8.8.8", "loopback")]
    [InlineData("::1", "loopback")]
    [InlineData("::ffff:127.0.0.1", "loopback")]
    [InlineData("::ffff:10.0.0.1", "private")]
    [InlineData("64:ff9b::7f00:1", "loopback")]
    [InlineData("64:ff9b::808:808", "public")]
    [InlineData("2002:0a00:0001::1", "private")]
    [InlineData("0.0.0.0", "never")]
    [InlineData("::", "never")]
    [InlineData("169.254.169.254", "never")]
    [InlineData("::ffff:169.254.169.254", "never")]
    [InlineData("64:ff9b::a9fe:a9fe", "never")]
    [InlineData("fe80::1", "never")]
    [InlineData("fd00:ec2::254", "never")]
    [InlineData("100.100.100.200", "never")]
    [InlineData("192.0.0.192", "never")]
    [InlineData("224.0.0.1", "never")]
    [InlineData("255.255.255.255", "never")]
    [InlineData("ff02::1", "never")]
    public void Addresses_are_told_apart_by_how_far_they_are(string address, string needed)
    {
        var reach = HookTargets.NeededFor(IPAddress.Parse(address));
        Assert.Equal(needed, reach > HookReach.Loopback ? "never" : Core.Words.Of(reach));
    }

    [Theory]
    [InlineData(null, "http://localhost:8000", "127.0.0.1", true)]
    [InlineData(null, "http://*:8000", "127.0.0.1", false)]
    [InlineData(null, "http://*:8000", "10.0.0.1", true)]
    [InlineData("public", "http://localhost:8000", "10.0.0.1", false)]
    [InlineData("public", "http://localhost:8000", "8.8.8.8", true)]
    [InlineData("loopback", "http://*:8000", "127.0.0.1", true)]
    [InlineData("loopback", "http://*:8000", "169.254.169.254", false)]
    [InlineData("none", "http://*:8000", "8.8.8.8", false)]
    public void How_far_messages_go_is_the_operators_choice(string? setting, string urls, string address, bool may)
    {
        string[] args = setting is null ? ["--urls", urls] : ["--urls", urls, "--hook-targets", setting];
        var settings = ServerSettings.Read(args, _ => null, new Microsoft.Extensions.Configuration.ConfigurationManager());
        Assert.Equal(may, new HookTargets(settings).Refusal(IPAddress.Parse(address)) is null);
    }

    [Fact]
    public void A_try_is_followed_by_the_next_one_until_it_is_given_up()
    {
        var delivery = new Delivery { Id = "d-1", OrgId = "o", Hook = "h", Event = HookEvents.Ping, Body = "{}", CreatedAt = Now };
        var failed = new Tried(new DeliveryTry(Now, 3, 500), Taken: false);
        for (var tries = 1; tries < DeliveryBackoff.MostTries; tries++)
        {
            delivery = NotificationService.After(delivery, failed, Now).Delivery;
            Assert.Equal((DeliveryState.Pending, tries, Now + DeliveryBackoff.After(tries)), (delivery.State, delivery.Tries, delivery.NextAt));
        }
        var last = NotificationService.After(delivery, failed, Now);
        Assert.Equal((DeliveryState.Failed, 7, "Given up after 7 tries.", null), (last.Delivery.State, last.Delivery.Tries, last.Delivery.Note, last.Disable));
        Assert.Equal(DeliveryState.Delivered, NotificationService.After(delivery, failed with { Taken = true }, Now).Delivery.State);
        var gone = NotificationService.After(delivery, failed with { Gone = true }, Now);
        Assert.Equal((DeliveryState.Failed, true), (gone.Delivery.State, gone.Disable is not null));
        for (var i = 0; i < 50; i++) delivery = NotificationService.After(delivery with { Tries = 0 }, failed, Now).Delivery;
        Assert.Equal(Delivery.MostLogged, delivery.Log.Count);
    }

    [Fact]
    public void Slack_gets_text_and_blocks_in_which_words_of_tests_stay_words()
    {
        var run = Told(HookEvents.FirstFailure, [Test("pays <b>&</b> *bold* @here `x` _i_ a_b", "Error: <script> & \u001b[31mred\n at x") with { Owners = ["@acme/pay", "@team-x"] }]);
        using var message = JsonDocument.Parse(SlackMessage.Of(run));
        var text = message.RootElement.GetProperty("text").GetString()!;
        Assert.Contains("*1 test fails*, not before on *main*", text, StringComparison.Ordinal);
        Assert.Contains("pays &lt;b&gt;&amp;&lt;/b&gt;", text, StringComparison.Ordinal);
        Assert.Contains("Error: &lt;script&gt; &amp;", text, StringComparison.Ordinal);
        Assert.Contains("a_b", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@here", text, StringComparison.Ordinal);
        Assert.DoesNotContain("*bold*", text, StringComparison.Ordinal);
        Assert.Contains("@acme/pay @team-x", text, StringComparison.Ordinal);
        Assert.Contains("<https://qgjob.example.com/r-1|r-1>", text, StringComparison.Ordinal);
        var blocks = message.RootElement.GetProperty("blocks").EnumerateArray().ToList();
        Assert.Equal(["section", "section", "context"], blocks.Select(b => b.GetProperty("type").GetString()));
        Assert.All(blocks.Take(2), b => Assert.Equal("mrkdwn", b.GetProperty("text").GetProperty("type").GetString()));
    }

    [Fact]
    public void Slack_messages_keep_to_its_limits()
    {
        var many = Enumerable.Range(0, 20).Select(i => Test(new string('<', 1000), new string('&', 5000)) with { Owners = [.. Enumerable.Repeat("@acme/a-rather-long-name", 20)] }).ToList();
        using var message = JsonDocument.Parse(SlackMessage.Of(Told(HookEvents.RunFailed, many) with { Data = Told(HookEvents.RunFailed, many).Data with { TestsLeftOut = 300 } }));
        Assert.InRange(message.RootElement.GetProperty("text").GetString()!.Length, 1, 4000);
        var blocks = message.RootElement.GetProperty("blocks").EnumerateArray().ToList();
        Assert.InRange(blocks.Count, 1, 50);
        Assert.All(blocks.Where(b => b.TryGetProperty("text", out _)), b => Assert.InRange(b.GetProperty("text").GetProperty("text").GetString()!.Length, 1, 3000));
        Assert.Contains("and 310 more", message.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    private static HookTest Test(string title, string? error) =>
        new() { TestId = "t-1", File = "tests/a.spec.ts", Line = 3, Title = title, JobId = "j-1", Owners = [], Error = error };

    private static HookEvent Told(string happened, IReadOnlyList<HookTest> tests) => new(happened, Now, new HookData
    {
        OrgId = "acme",
        Hook = "h",
        Run = new RunView
        {
            RunId = "r-1",
            OrgId = "acme",
            Status = "failed",
            ExitCode = 10,
            Jobs = new JobCounts(1, 0, 0, 0, 1, 0, 0, 0),
            Tests = new TestCounts(3, 1, 0, 0),
            CreatedAt = Now,
            Meta = new Dictionary<string, string> { ["branch"] = "main", ["commit"] = "0123456789abcdef" },
        },
        RunUrl = "https://qgjob.example.com/r-1",
        AppVersionIds = ["v1"],
        Tests = tests,
    });
}
