using System.Net;
using System.Security.Cryptography;
using Qgjob.Client.Http;
using Xunit;

namespace Qgjob.Server.Tests.Apps;

/// <summary>Not beside others: what a test allocates is counted for the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class UploadTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly byte[] Apk = File.ReadAllBytes(Example("todo-1.0.apk"));
    private static readonly byte[] OtherApk = File.ReadAllBytes(Example("todo-1.1.apk"));

    [Fact]
    public async Task A_build_is_stored_once_and_can_be_read_back_in_parts()
    {
        await using var server = await RunningServer.StartAsync();
        var stored = await UploadAsync(server, Apk);
        Assert.True(stored.Created);
        Assert.Equal(("com.example.todo", Sha(Apk), Apk.Length), (stored.Build.PackageId, stored.Build.Sha256, (int)stored.Build.SizeBytes));
        Assert.False((await UploadAsync(server, Apk)).Created);
        Assert.Equal(stored.Build, Assert.Single((await server.Client.FindAppVersionAsync("o", "1.0", Cancel))!.Builds));
        Assert.Equal("1.0", Assert.Single((await server.Client.ListAppVersionsAsync("o", 10, null, Cancel)).Items).AppVersionId);

        using var whole = await server.Client.OpenBuildAsync("o", "1.0", Sha(Apk), Cancel);
        Assert.Equal(Apk, await whole.Content.ReadAsByteArrayAsync(Cancel));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/apps/o/1.0/builds/{Sha(Apk)}") { Headers = { Range = new(100, 199) } };
        using var part = await server.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(Apk[100..200], await part.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/api/v1/apps/o/1.0/builds/{Sha(OtherApk)}", Cancel)).StatusCode);
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Blobs, "unfinished")));
    }

    [Fact]
    public async Task What_cannot_be_a_build_of_this_name_is_refused_and_leaves_nothing()
    {
        await using var server = await RunningServer.StartAsync(null, "--max-build", "1MiB");
        await UploadAsync(server, Apk);
        var taken = await Assert.ThrowsAsync<ApiException>(() => UploadAsync(server, OtherApk));
        Assert.Equal(HttpStatusCode.Conflict, taken.Status);
        Assert.Contains(Sha(Apk), taken.Message, StringComparison.Ordinal);
        Assert.Contains("new app_version_id", taken.Message, StringComparison.Ordinal);

        var damaged = await Assert.ThrowsAsync<ApiException>(() => server.Client.UploadBuildAsync("o", "2", "a.apk", Sha(OtherApk), new ByteArrayContent(Apk), Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "sha256"), (damaged.Status, damaged.Problem.Field));
        var noApk = await Assert.ThrowsAsync<ApiException>(() => server.Client.UploadBuildAsync("o", "2", "a.apk", Sha([1, 2]), new ByteArrayContent([1, 2]), Cancel));
        Assert.Contains("not an APK", noApk.Message, StringComparison.Ordinal);
        var ipa = await Assert.ThrowsAsync<ApiException>(() => server.Client.UploadBuildAsync("o", "2", "a.ipa", Sha(Apk), new ByteArrayContent(Apk), Cancel));
        Assert.Equal("file_name", ipa.Problem.Field);
        // The client may still be writing when it is refused; either way nothing is stored.
        using var tooLarge = new StreamContent(new MemoryStream(new byte[(1 << 20) + 1]));
        tooLarge.Headers.ContentLength = null;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Assert.ThrowsAsync<ApiException>(() => server.Client.UploadBuildAsync("o", "2", "a.apk", Sha(Apk), tooLarge, Cancel))).Status);
        Assert.Null(await server.Client.FindAppVersionAsync("o", "2", Cancel));
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Blobs, "unfinished")));
    }

    [Fact]
    public async Task A_bundle_is_there_under_its_hash_only_when_its_bytes_have_it()
    {
        await using var server = await RunningServer.StartAsync();
        byte[] bytes = [1, 2, 3];
        Assert.False(await server.Client.HasBundleAsync("o", Sha(bytes), Cancel));
        await server.Client.UploadBundleAsync("o", Sha(bytes), new ByteArrayContent(bytes), Cancel);
        await server.Client.UploadBundleAsync("o", Sha(bytes), new ByteArrayContent(bytes), Cancel);
        Assert.True(await server.Client.HasBundleAsync("o", Sha(bytes), Cancel));
        Assert.False(await server.Client.HasBundleAsync("p", Sha(bytes), Cancel));
        using var read = await server.Client.OpenBundleAsync("o", Sha(bytes), Cancel);
        Assert.Equal(bytes, await read.Content.ReadAsByteArrayAsync(Cancel));
        var damaged = await Assert.ThrowsAsync<ApiException>(() => server.Client.UploadBundleAsync("o", Sha([9]), new ByteArrayContent(bytes), Cancel));
        Assert.Equal("sha256", damaged.Problem.Field);
        Assert.False(await server.Client.HasBundleAsync("o", Sha([9]), Cancel));
    }

    [Fact]
    public async Task A_large_upload_is_never_held_in_memory()
    {
        await using var server = await RunningServer.StartAsync();
        const int Size = 200 << 20;
        using var zeros = new Zeros(Size);
        var sha = Convert.ToHexStringLower(await SHA256.HashDataAsync(zeros, Cancel));
        zeros.Position = 0;
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await server.Client.UploadBundleAsync("o", sha, new StreamContent(zeros, 1 << 16), Cancel);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < Size / 10, $"{allocated >> 20} MiB were allocated for an upload of {Size >> 20} MiB");
        Assert.True(await server.Client.HasBundleAsync("o", sha, Cancel));
    }

    [Fact]
    public async Task What_a_stopped_server_was_receiving_goes_at_the_next_start()
    {
        var blobs = Directory.CreateTempSubdirectory("qgjob-blobs").FullName;
        var left = Path.Combine(Directory.CreateDirectory(Path.Combine(blobs, "unfinished")).FullName, "u-1");
        await File.WriteAllTextAsync(left, "half", Cancel);
        await using (await RunningServer.StartAsync(null, "--blobs", blobs)) Assert.False(File.Exists(left));
        Directory.Delete(blobs, recursive: true);
    }

    private static Task<Client.Wire.BuildStored> UploadAsync(RunningServer server, byte[] apk) =>
        server.Client.UploadBuildAsync("o", "1.0", "todo.apk", Sha(apk), new ByteArrayContent(apk), Cancel);

    private static string Sha(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string Example(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "qgjob.slnx")))
            folder = Path.GetDirectoryName(folder) ?? Path.GetDirectoryName(SourceOf())!;
        return Path.Combine(folder, "examples", "todo", "builds", name);
    }

    private static string SourceOf([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    private sealed class Zeros(long length) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - Position);
            Array.Clear(buffer, offset, read);
            Position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
