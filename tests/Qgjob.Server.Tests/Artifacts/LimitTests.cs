using System.Net;
using System.Security.Cryptography;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Artifacts;

/// <summary>How much an attempt may leave, and how people learn what was not kept.</summary>
public sealed class LimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<(string Job, LeaseRef Lease)> StartAsync(RunningServer server)
    {
        var agent = new FakeAgent(server, "lab");
        var terms = await agent.RegisterAsync();
        Assert.Equal((1000, 2500), (terms.MaxArtifactBytes, terms.MaxAttemptBytes));
        var run = await server.Client.SubmitAsync(new SubmitRun { OrgId = "acme", AppVersionId = "v1", Tests = ["a.spec.js"] }, "k", Cancel);
        return (run.JobIds[0], Assert.Single((await agent.WorkAsync()).Assignments).Lease);
    }

    private static Task<RunningServer> StartServerAsync() => RunningServer.StartAsync(null, "--max-artifact", "1000", "--max-attempt", "2500");

    private static async Task<HttpStatusCode> PutAsync(RunningServer server, LeaseRef lease, string name, int bytes, string? sha256 = null)
    {
        try
        {
            await server.Agent.PutArtifactAsync(lease, name, new ByteArrayContent(new byte[bytes]), Cancel, sha256);
            return HttpStatusCode.NoContent;
        }
        catch (ApiException e)
        {
            return e.Status;
        }
    }

    [Fact]
    public async Task What_is_too_large_alone_or_together_is_refused_and_the_list_says_so()
    {
        await using var server = await StartServerAsync();
        var (job, lease) = await StartAsync(server);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PutAsync(server, lease, "video/画面.mp4", 1001));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "one", 1000));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "two", 1000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PutAsync(server, lease, "three", 501));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "four", 500));
        // Replacing takes no more room than the difference.
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "two", 900));
        Assert.Equal(
            [("four", 500, null), ("one", 1000, null), ("three", 501, "The body is larger than 500 bytes (what is left of max-attempt)."),
                ("two", 900, null), ("video/画面.mp4", 1001, "The body is larger than 1000 bytes (max-artifact).")],
            (await server.Client.ListArtifactsAsync(job, Cancel)).Items.Select(a => (a.Name, (int)a.SizeBytes, a.Note)));
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<ApiException>(() => server.Client.OpenArtifactAsync(job, 1, "three", Cancel))).Status);

        // Taken after all: the note is over.
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "three", 20));
        Assert.Null((await server.Client.ListArtifactsAsync(job, Cancel)).Items.Single(a => a.Name == "three").Note);
    }

    [Fact]
    public async Task What_the_agent_leaves_out_is_listed_whatever_its_name()
    {
        await using var server = await StartServerAsync();
        var (job, lease) = await StartAsync(server);
        await server.Agent.LeaveOutAsync(new LeftOutRequest(lease, [new LeftOutFile("../passwd", 0, "Not kept: it is a link."), new LeftOutFile(new string('x', 3000), 7, "Too long a name.")]), Cancel);
        var items = (await server.Client.ListArtifactsAsync(job, Cancel)).Items;
        Assert.Equal(new ArtifactView("../passwd", 0, "application/octet-stream", 1, "Not kept: it is a link."), items[0]);
        Assert.Equal((1001, 7L), (items[1].Name.Length, items[1].SizeBytes));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() =>
            server.Agent.LeaveOutAsync(new LeftOutRequest(lease with { Token = 99 }, []), Cancel))).Status);
    }

    [Fact]
    public async Task Bytes_that_are_not_those_that_were_hashed_are_refused()
    {
        await using var server = await StartServerAsync();
        var (job, lease) = await StartAsync(server);
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(server, lease, "a", 3, new string('0', 64)));
        Assert.Empty((await server.Client.ListArtifactsAsync(job, Cancel)).Items);
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, "a", 3, Convert.ToHexStringLower(SHA256.HashData(new byte[3]))));
    }

    [Fact]
    public async Task Names_in_any_script_are_stored_listed_and_read()
    {
        await using var server = await StartServerAsync();
        var (job, lease) = await StartAsync(server);
        string[] names = ["a\\b", "C:/con", "e\u0301", "line\nbreak", "\u00e9", "ログイン/支払い 😀 100%.png"];
        foreach (var name in names) Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, lease, name, 10));
        Assert.Equal(names.Order(StringComparer.Ordinal), (await server.Client.ListArtifactsAsync(job, Cancel)).Items.Select(a => a.Name));
        foreach (var name in names)
        {
            using var read = await server.Client.OpenArtifactAsync(job, 1, name, Cancel);
            Assert.Equal(10, read.Content.Headers.ContentLength);
        }
        foreach (var file in Directory.EnumerateFiles(server.Blobs, "*", SearchOption.AllDirectories)) Assert.DoesNotContain('\\', file);
    }
}
