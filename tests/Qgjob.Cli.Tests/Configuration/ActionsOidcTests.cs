using System.Buffers.Text;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Cli.Configuration;
using Qgjob.Client.Http;

namespace Qgjob.Cli.Tests.Configuration;

/// <summary>GitHub's OIDC tokens, from a stand-in of its token endpoint and of a server that takes them.</summary>
public sealed class ActionsOidcTests : IDisposable
{
    private readonly FakeTimeProvider time = new(CliRun.Now);
    private readonly HttpListener listener = new();
    private readonly string address;
    private readonly List<string> asked = [];
    private readonly List<string> calls = [];
    private int status = 200;
    private int refuseOnce;
    private int life = 300;

    public ActionsOidcTests()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        probe.Stop();
        listener.Prefixes.Add(address);
        listener.Start();
        _ = ServeAsync();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Dictionary<string, string> Environment => new()
    {
        ["ACTIONS_ID_TOKEN_REQUEST_URL"] = address + "token?api-version=2.0",
        ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "request-secret",
        ["QGJOB_OIDC_AUDIENCE"] = "qgjob & co",
    };

    public void Dispose()
    {
        listener.Close();
    }

    [Fact]
    public async Task The_command_line_asks_GitHub_for_a_token_and_sends_it()
    {
        var run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: Environment, time: time, cancel: Cancel);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Equal(["Bearer request-secret /token?api-version=2.0&audience=qgjob%20%26%20co"], asked);
        Assert.Equal(["Bearer " + Jwt(1)], calls);
        Assert.DoesNotContain(Jwt(1), run.Out + run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_ones_own_goes_first_and_without_an_audience_nobody_is_asked()
    {
        var environment = Environment;
        environment["QGJOB_TOKEN"] = "my-own";
        await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: environment, time: time, cancel: Cancel);
        environment = Environment;
        environment.Remove("QGJOB_OIDC_AUDIENCE");
        await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: environment, time: time, cancel: Cancel);
        Assert.Equal(["Bearer my-own", ""], calls);
        Assert.Empty(asked);
        await CliRun.OfAsync(["agents", "list", "--oidc-audience", "flag"], new Uri(address), environment: environment, time: time, cancel: Cancel);
        Assert.EndsWith("audience=flag", Assert.Single(asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_without_the_permission_is_told_which_one_is_missing()
    {
        var run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: new() { ["QGJOB_OIDC_AUDIENCE"] = "qgjob" }, time: time, cancel: Cancel);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("id-token: write", run.Err, StringComparison.Ordinal);
        var environment = Environment;
        environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://somewhere.example/token";
        run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: environment, time: time, cancel: Cancel);
        Assert.Contains("is not an https address", run.Err, StringComparison.Ordinal);
        status = 403;
        run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: Environment, time: time, cancel: Cancel);
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("answered 403", run.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("request-secret", run.Err, StringComparison.Ordinal);
        Assert.Empty(calls);
    }

    [Fact]
    public async Task A_token_is_kept_until_shortly_before_it_ends_and_then_renewed()
    {
        using var tokens = Tokens();
        Assert.Equal(Jwt(1), await tokens.TakeAsync(Cancel));
        time.Advance(TimeSpan.FromSeconds(239));
        Assert.Equal(Jwt(1), await tokens.TakeAsync(Cancel));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(Jwt(2), await tokens.TakeAsync(Cancel));
        // One that lives for less than the margin is not asked for at every call.
        time.Advance(TimeSpan.FromSeconds(241));
        life = 60;
        Assert.Equal(Jwt(3, 60), await tokens.TakeAsync(Cancel));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(Jwt(3, 60), await tokens.TakeAsync(Cancel));
    }

    [Fact]
    public async Task While_GitHub_is_away_the_old_token_does_as_long_as_it_lives()
    {
        using var tokens = Tokens();
        await tokens.TakeAsync(Cancel);
        status = 404;
        time.Advance(TimeSpan.FromSeconds(270));
        Assert.Equal(Jwt(1), await tokens.TakeAsync(Cancel));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.False((await Assert.ThrowsAsync<ActionsTokenException>(() => tokens.TakeAsync(Cancel).AsTask())).MayPass);
        status = 200;
        await tokens.TakeAsync(Cancel);
    }

    [Fact]
    public async Task A_token_that_the_server_refuses_is_replaced_once()
    {
        refuseOnce = 1;
        var run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: Environment, time: time, cancel: Cancel);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Equal(["Bearer " + Jwt(1), "Bearer " + Jwt(2)], calls);
        refuseOnce = 99;
        run = await CliRun.OfAsync(["agents", "list"], new Uri(address), environment: Environment, time: time, cancel: Cancel);
        Assert.Equal(4, run.ExitCode);
        Assert.Equal(4, calls.Count);
    }

    private ActionsTokens Tokens() => ActionsOidc.Read(Environment.GetValueOrDefault, "qgjob").Open(time);

    private static string Jwt(int number, int life = 300) =>
        $"eyJh.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"iat":1000,"exp":{{1000 + life}},"jti":"{{number}}"}"""))}.AAAA";

    private async Task ServeAsync()
    {
        try
        {
            while (true) Answer(await listener.GetContextAsync());
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var bearer = request.Headers["Authorization"] ?? "";
        var body = """{"items":[]}""";
        if (request.Url!.AbsolutePath == "/token")
        {
            response.StatusCode = status;
            if (status == 200) asked.Add($"{bearer} {request.Url.PathAndQuery}");
            body = $$"""{"count":1,"value":"{{Jwt(asked.Count, life)}}"}""";
        }
        else
        {
            calls.Add(bearer);
            if (refuseOnce-- > 0)
            {
                response.StatusCode = 401;
                body = """{"title":"Unauthorized","status":401,"detail":"The OIDC token expired."}""";
            }
        }
        response.ContentType = "application/json";
        response.Close(Encoding.UTF8.GetBytes(body), willBlock: false);
    }
}
