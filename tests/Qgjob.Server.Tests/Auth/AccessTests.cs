using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Storage.Memory;
using Qgjob.Server.Auth;
using Qgjob.Server.Hosting;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

public sealed class AccessTests : IDisposable
{
    private const string Token = "a-token-of-our-own-0123";
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-access-test").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string TokenFile => Path.Combine(folder, Access.FileName);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("http://localhost:8000", true)]
    [InlineData("http://127.0.0.1:8000", true)]
    [InlineData("http://127.9.9.9:8000", true)]
    [InlineData("http://[::1]:8000", true)]
    [InlineData("http://*:8000", false)]
    [InlineData("http://+:8000", false)]
    [InlineData("http://0.0.0.0:8000", false)]
    [InlineData("http://[::]:8000", false)]
    [InlineData("http://192.168.1.4:8000", false)]
    public void Loopback_is_this_machine_alone(string url, bool loopback) => Assert.Equal(loopback, Access.IsLoopback(url));

    [Fact]
    public async Task An_address_for_others_gets_a_token_that_is_told_once_and_kept_as_a_hash()
    {
        var first = await OpenAsync("http://localhost:0;http://0.0.0.0:0");
        var told = Assert.Single(first.Told);
        var token = told.Split("QGJOB_TOKEN=")[1].Split('\n')[0].Trim();
        Assert.Equal(43, token.Length);
        Assert.True(first.Access.Token!.Matches(token));
        Assert.False(first.Access.Token.Matches(token + "x"));
        Assert.False(first.Access.Token.Matches(""));
        Assert.DoesNotContain(token, await File.ReadAllTextAsync(TokenFile, Cancel), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenFile));
        Assert.Equal([TokenFile], Directory.EnumerateFiles(folder, "token*"));

        var second = await OpenAsync("http://*:0");
        Assert.Empty(second.Told);
        Assert.True(second.Access.Token!.Matches(token));

        File.Delete(TokenFile);
        var third = await OpenAsync("http://*:0");
        Assert.Single(third.Told);
        Assert.False(third.Access.Token!.Matches(token));
    }

    [Fact]
    public async Task Loopback_alone_needs_no_token_and_makes_none()
    {
        var open = await OpenAsync("http://localhost:0");
        Assert.Null(open.Access.Token);
        Assert.Empty(open.Told);
        Assert.False(File.Exists(TokenFile));
    }

    [Fact]
    public async Task A_broken_token_file_is_no_open_door()
    {
        await File.WriteAllTextAsync(TokenFile, "", Cancel);
        var error = await Assert.ThrowsAsync<SettingsException>(() => OpenAsync("http://*:0"));
        Assert.Contains("delete it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("a token with spaces in it")]
    [InlineData("")]
    public async Task A_given_token_must_be_hard_to_guess(string token)
    {
        var file = Path.Combine(folder, "given");
        await File.WriteAllTextAsync(file, token, Cancel);
        Assert.StartsWith("token-file: a token has", (await Assert.ThrowsAsync<SettingsException>(() => OpenAsync("http://*:0", "--token-file", file))).Message, StringComparison.Ordinal);
        Assert.StartsWith("token-file", (await Assert.ThrowsAsync<SettingsException>(() => OpenAsync("http://*:0", "--token-file", file + ".none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_asked_for_everywhere_but_at_the_health_of_the_server()
    {
        var file = Path.Combine(folder, "given");
        await File.WriteAllTextAsync(file, Token + "\n", Cancel);
        await using var server = await RunningServer.StartAsync(null, "--token-file", file);
        foreach (var path in new[] { "/healthz", "/readyz" }) Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(path, Cancel)).StatusCode);
        foreach (var path in new[] { "/", "/api/v1/jobs", "/api/v1/nothing", "/scalar", "/openapi/v1.json", "/healthz/", "/agent/v1/work" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync(path, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.PostAsync("/agent/v1/register", new StringContent("{}"), Cancel)).StatusCode);

        var missing = await Assert.ThrowsAsync<ApiException>(() => server.Client.ListAgentsAsync(Cancel));
        Assert.Equal(HttpStatusCode.Unauthorized, missing.Status);
        Assert.Contains("QGJOB_TOKEN", missing.Message, StringComparison.Ordinal);
        using var wrong = new QgjobClient(new Transport(server.Address, "another-token-of-mine", TimeProvider.System));
        Assert.Contains("not the server's token", (await Assert.ThrowsAsync<ApiException>(() => wrong.ListAgentsAsync(Cancel))).Message, StringComparison.Ordinal);

        using var right = new Transport(server.Address, Token, TimeProvider.System);
        using var client = new QgjobClient(right);
        Assert.Empty((await client.ListAgentsAsync(Cancel)).Items);
        await new AgentClient(right).RegisterAsync(new Qgjob.Client.Wire.RegisterRequest("lab", "b", "lab", "1", null, []), Cancel);
        Assert.Single((await client.ListAgentsAsync(Cancel)).Items);
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Basic " + Token)]
    [InlineData(Token)]
    [InlineData("Bearer " + Token + " " + Token)]
    public async Task Other_headers_are_no_token(string header)
    {
        var file = Path.Combine(folder, "given");
        await File.WriteAllTextAsync(file, Token, Cancel);
        await using var server = await RunningServer.StartAsync(null, "--token-file", file);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/agents");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        var answer = await server.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("localhost.evil.example:8000", 421)]
    [InlineData("10.0.0.1", 421)]
    [InlineData("localhost:1", 200)]
    [InlineData("LOCALHOST", 200)]
    [InlineData("127.0.0.2:80", 200)]
    [InlineData("[::1]:8000", 200)]
    public async Task Without_a_token_only_names_of_this_machine_are_answered(string host, int status)
    {
        await using var server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/agents");
        request.Headers.Host = host;
        Assert.Equal(status, (int)(await server.Http.SendAsync(request, Cancel)).StatusCode);
    }

    private async Task<(Access Access, List<string> Told)> OpenAsync(string urls, params string[] more)
    {
        var told = new List<string>();
        // Built, never started: nothing here listens beyond loopback.
        await using var app = await ServerHost.BuildAsync(["--urls", urls, "--data", folder, .. more], new FakeTimeProvider(), new MemoryStore(), Cancel, told.Add);
        return (app.Services.GetRequiredService<Access>(), told);
    }
}
