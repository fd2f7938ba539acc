using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Amazon.S3;
using Microsoft.Extensions.DependencyInjection;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Server.Blobs.S3;
using Qgjob.Server.Hosting;
using Qgjob.Server.Retention;
using Xunit;

namespace Qgjob.Server.Tests.Blobs;

/// <summary>A server whose blobs are in a bucket.</summary>
public sealed class BucketTests(S3Server s3)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bundles_logs_and_artifacts_are_served_from_a_bucket_and_go_when_they_are_old()
    {
        await using var server = await RunningServer.StartAsync(null, "--blobs", s3.NewUrl());
        byte[] tar = [1, 2, 3];
        var sha = Convert.ToHexStringLower(SHA256.HashData(tar));
        Assert.False(await server.Client.HasBundleAsync("acme", sha, Cancel));
        await server.Client.UploadBundleAsync("acme", sha, new ByteArrayContent(tar), Cancel);
        Assert.Equal(tar, await server.Http.GetByteArrayAsync($"/api/v1/bundles/acme/{sha}", Cancel));

        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var run = await server.Client.SubmitAsync(new SubmitRun { OrgId = "acme", AppVersionId = "v1", Tests = ["a.spec.js"], BundleSha256 = sha }, "key-1", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        await server.Agent.AppendLogAsync(lease, 0, "one\n"u8.ToArray(), Cancel);
        await server.Agent.PutArtifactAsync(lease, "out/video.mp4", new ByteArrayContent([.. Enumerable.Range(0, 100).Select(i => (byte)i)]), Cancel);
        using var following = await server.Http.GetAsync($"/api/v1/jobs/{run.JobIds[0]}/log?follow=true", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await server.Agent.AppendLogAsync(lease, 4, "two\n"u8.ToArray(), Cancel);
        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Passed, FakeAgent.Test("one")));
        Assert.Equal("one\ntwo\n", await following.Content.ReadAsStringAsync(Cancel));

        using var range = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/jobs/{run.JobIds[0]}/artifacts/1/out/video.mp4") { Headers = { Range = new RangeHeaderValue(90, 92) } };
        using var part = await server.Http.SendAsync(range, Cancel);
        Assert.Equal((HttpStatusCode.PartialContent, "bytes 90-92/100"), (part.StatusCode, part.Content.Headers.ContentRange!.ToString()));
        Assert.Equal([90, 91, 92], await part.Content.ReadAsByteArrayAsync(Cancel));

        server.Time.AdjustTime(server.Time.GetUtcNow().AddDays(31));
        await server.Services.GetRequiredService<RetentionRound>().RunAsync(() => true, Cancel);
        Assert.Equal(HttpStatusCode.Gone, (await server.Http.GetAsync($"/api/v1/jobs/{run.JobIds[0]}/log", Cancel)).StatusCode);
        Assert.True(await server.Client.HasBundleAsync("acme", sha, Cancel));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_used_ends_the_start_with_what_is_wrong()
    {
        async Task<string> StartAsync(string url) => (await Assert.ThrowsAsync<SettingsException>(() => RunningServer.StartAsync(null, "--blobs", url))).Message;
        Assert.StartsWith("blobs: there is no bucket no-such-bucket (", await StartAsync($"s3://no-such-bucket/p?endpoint={s3.Endpoint}"), StringComparison.Ordinal);
        var nobody = await StartAsync("s3://qgjob-tests?endpoint=http://127.0.0.1:1");
        Assert.StartsWith("blobs: s3://qgjob-tests/ at http://127.0.0.1:1 cannot be reached: ", nobody, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', nobody);
    }

    [Fact]
    public void Denied_access_is_said_with_what_the_credentials_must_allow()
    {
        var place = S3Place.Parse("s3://qgjob-tests/x?region=eu-central-1", _ => null);
        var denied = place.Explain(new AmazonS3Exception("Access Denied") { StatusCode = HttpStatusCode.Forbidden, ErrorCode = "AccessDenied" });
        Assert.Equal("blobs: access to s3://qgjob-tests/x/ in eu-central-1 is denied: the credentials must allow to list, read, write and delete there (AccessDenied, Access Denied)", denied.Message);
    }

    [Theory]
    [InlineData("s3://key:secret@bucket/x", "credentials do not belong")]
    [InlineData("s3://bucket/x?endpoint=http://key:secret@host", "endpoint must be")]
    [InlineData("s3://Bucket/x", "'Bucket' is no name")]
    [InlineData("s3://bucket/a//b", "prefix")]
    [InlineData("s3://bucket/x?secret_key=hidden", "'secret_key' is unknown")]
    [InlineData("s3://bucket?path_style=maybe", "path_style")]
    [InlineData("gs://bucket/x", "give a folder, or s3://")]
    public void An_address_that_cannot_be_meant_is_refused_and_no_secret_repeated(string address, string problem)
    {
        var message = Assert.Throws<SettingsException>(() => S3Place.Parse(address, _ => null)).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.StartsWith("blobs: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret@", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", message, StringComparison.Ordinal);
    }
}
