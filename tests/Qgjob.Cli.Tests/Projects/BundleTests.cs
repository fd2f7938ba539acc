using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

public sealed class BundleTests : IDisposable
{
    private static readonly BundleLimits Small = new(Bytes: 1000, Files: 5);
    private readonly TemporaryFolder folder = new();
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    private async Task<PackedBundle> PackAsync(string project)
    {
        var files = ProjectFiles.List(project, []);
        return await Bundle.PackAsync(files, folder["bundle.tar"], 1_000_000, cancel);
    }

    private TemporaryFolder Project(string at)
    {
        folder.With($"{at}/appwright.config.ts", "export default {};\n").With($"{at}/tests/a.spec.ts", "test('a');\n").With($"{at}/run.sh", "#!/bin/sh\n")
            .With($"{at}/{new string('n', 120)}/ä.ts", "x");
        System.IO.File.SetUnixFileMode(folder[$"{at}/run.sh"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        System.IO.File.CreateSymbolicLink(folder[$"{at}/link.ts"], "tests/a.spec.ts");
        return folder;
    }

    [Fact]
    public async Task The_same_files_have_the_same_hash_everywhere()
    {
        Project("one");
        Project("two");
        System.IO.File.SetLastWriteTimeUtc(folder["two/tests/a.spec.ts"], new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));
        System.IO.File.SetUnixFileMode(folder["two/tests/a.spec.ts"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var one = await PackAsync(folder["one"]);
        var two = await PackAsync(folder["two"]);
        Assert.Equal(one.Sha256, two.Sha256);
        // When this changes, every project on every server is uploaded anew: only for a good reason.
        Golden.Check("bundle.sha256", one.Sha256 + "\n");
        Assert.Equal(5, one.FileCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_packed_comes_out_again(bool gzip)
    {
        Project("one");
        var packed = await PackAsync(folder["one"]);
        var bytes = await System.IO.File.ReadAllBytesAsync(packed.File, cancel);
        await Bundle.UnpackAsync(new MemoryStream(gzip ? Gzip(bytes) : bytes), folder["out"], new BundleLimits(), cancel);
        Assert.Equal("test('a');\n", await System.IO.File.ReadAllTextAsync(folder["out/tests/a.spec.ts"], cancel));
        Assert.Equal("x", await System.IO.File.ReadAllTextAsync(folder[$"out/{new string('n', 120)}/ä.ts"], cancel));
        Assert.Equal("tests/a.spec.ts", new FileInfo(folder["out/link.ts"]).LinkTarget);
        Assert.True(System.IO.File.GetUnixFileMode(folder["out/run.sh"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(System.IO.File.GetUnixFileMode(folder["out/tests/a.spec.ts"]).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public async Task A_project_that_is_too_large_names_its_largest_files()
    {
        folder.With("p/big.mp4", new string('x', 3000)).With("p/small.ts", "x");
        var e = await Assert.ThrowsAsync<BundleException>(() => Bundle.PackAsync(ProjectFiles.List(folder["p"], []), folder["b.tar"], 2000, cancel));
        Assert.Contains("big.mp4", e.Message, StringComparison.Ordinal);
        Assert.Contains(".gitignore", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/evil")]
    [InlineData("a//evil")]
    [InlineData("a/./evil")]
    [InlineData("a\\evil")]
    public async Task Names_that_lead_out_are_refused(string name) => await RefusedAsync(File(name, "x"));

    [Theory]
    [InlineData("link", "/etc")]
    [InlineData("link", "..")]
    [InlineData("link", "../outside")]
    [InlineData("a/link", "../../outside")]
    [InlineData("link", "a/../../outside")]
    [InlineData("link", "a/..")]
    [InlineData("link", "a\\b")]
    public async Task Links_that_lead_out_are_refused(string name, string target) => await RefusedAsync(Link(name, target));

    [Fact]
    public async Task Nothing_is_written_through_a_link()
    {
        await RefusedAsync(Link("d", "other"), File("d/x", "x"));
        await RefusedAsync(File("d/x", "x"), Link("d", "other"));
        await RefusedAsync(Link("d", "other"), Link("d/deeper", "x"));
        await RefusedAsync(File("d", "x"), File("d/x", "x"));
    }

    [Fact]
    public async Task Names_come_only_once()
    {
        await RefusedAsync(File("a", "x"), File("a", "y"));
        await RefusedAsync(Link("a", "x"), Link("a", "y"));
        await RefusedAsync(File("a", "y"), Link("a", "x"));
    }

    [Fact]
    public async Task Only_files_folders_and_links_are_taken()
    {
        await RefusedAsync(new GnuTarEntry(TarEntryType.Fifo, "pipe"));
        await RefusedAsync(new GnuTarEntry(TarEntryType.HardLink, "hard") { LinkName = "/etc/passwd" });
        await RefusedAsync(new GnuTarEntry(TarEntryType.CharacterDevice, "device"));
    }

    [Fact]
    public async Task Bombs_are_refused_before_they_go_off()
    {
        await RefusedAsync(File("a", new string('x', 600)), File("b", new string('x', 600)));
        await RefusedAsync([.. Enumerable.Range(0, 6).Select(i => File($"f{i}", ""))]);
    }

    [Theory]
    [InlineData('x', 1_500_000_000L)]
    [InlineData('g', 2_000_000_000L)]
    [InlineData('L', 1_500_000_000L)]
    [InlineData('K', 5_000_000_000_000L)]
    [InlineData('x', 1_048_577L)]
    public async Task Headers_that_claim_much_about_a_name_are_refused_unread(char kind, long size)
    {
        var good = await TarAsync(File("a", "x"));
        var before = GC.GetTotalAllocatedBytes();
        var tar = new EndlessTar([.. good[..1024], .. Header("name", kind, size)]);
        var refused = await Assert.ThrowsAsync<BundleException>(() => Bundle.UnpackAsync(tar, folder["out"], new BundleLimits(), cancel));
        Assert.Contains($"a header of {size} bytes about a name (PAX or GNU, '{kind}')", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 16 << 20);
        Assert.InRange(tar.Given, 0, 1 << 20);
    }

    [Fact]
    public async Task A_length_in_notes_hides_no_header()
    {
        // By its own header the file is empty, by PAX it has 512 bytes: the next header comes after those.
        var notes = Encoding.UTF8.GetBytes("12 size=512\n");
        byte[] tar = [.. Header("notes", 'x', notes.Length), .. notes, .. new byte[512 - notes.Length], .. Header("a", '0', 0), .. new byte[512], .. Header("name", 'L', 1_500_000_000)];
        var refused = await Assert.ThrowsAsync<BundleException>(() => Bundle.UnpackAsync(new MemoryStream(tar), folder["out"], new BundleLimits(), cancel));
        Assert.Contains("1500000000 bytes about a name", refused.Message, StringComparison.Ordinal);
        Assert.Equal(512, new FileInfo(folder["out/a"]).Length);
    }

    /// <summary>A header by hand, since no library writes one that lies.</summary>
    private static byte[] Header(string name, char kind, long size)
    {
        var header = new byte[512];
        void Put(int at, string text) => Encoding.ASCII.GetBytes(text).CopyTo(header, at);
        Put(0, name);
        Put(100, "0000644\0");
        Put(108, "0000000\0");
        Put(116, "0000000\0");
        if (size < 1L << 33) Put(124, Convert.ToString(size, 8).PadLeft(11, '0') + "\0");
        else
        {
            header[124] = 0x80;
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128), size);
        }
        Put(136, "00000000000\0");
        Put(148, "        ");
        header[156] = (byte)kind;
        Put(257, "ustar\000");
        Put(148, Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0 ");
        return header;
    }

    /// <summary>A tar that goes on as long as somebody reads.</summary>
    private sealed class EndlessTar(byte[] start) : Core.ReadOnlyStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var left = start.AsSpan((int)Math.Min(Given, start.Length));
            var count = left.IsEmpty ? buffer.Length : Math.Min(left.Length, buffer.Length);
            if (left.IsEmpty) buffer.Span.Fill((byte)'n');
            else left[..count].CopyTo(buffer.Span);
            Given += count;
            return new(count);
        }
    }

    [Fact]
    public async Task Damaged_bundles_say_so()
    {
        await Assert.ThrowsAsync<BundleException>(() => UnpackAsync(Encoding.ASCII.GetBytes(new string('z', 2000))));
        await Assert.ThrowsAsync<BundleException>(() => UnpackAsync([0x1f, 0x8b, 1, 2, 3, 4]));
        var good = await TarAsync(File("a", new string('x', 700)));
        await Assert.ThrowsAsync<BundleException>(() => UnpackAsync(good[..800]));
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_not_touched()
    {
        folder.With("out/mine", "x");
        await RefusedAsync(File("a", "x"));
        Assert.False(Path.Exists(folder["out/a"]));
    }

    private async Task RefusedAsync(params TarEntry[] entries)
    {
        await Assert.ThrowsAsync<BundleException>(async () => await UnpackAsync(await TarAsync(entries)));
        Assert.False(Path.Exists(folder["evil"]));
        Assert.False(Path.Exists(folder["outside"]));
        if (!System.IO.File.Exists(folder["out/mine"]) && Directory.Exists(folder["out"])) Directory.Delete(folder["out"], true);
    }

    private Task UnpackAsync(byte[] tar) => Bundle.UnpackAsync(new MemoryStream(tar), folder["out"], Small, cancel);

    private static GnuTarEntry File(string name, string content) =>
        new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) };

    private static GnuTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private async Task<byte[]> TarAsync(params TarEntry[] entries)
    {
        var buffer = new MemoryStream();
        await using (var tar = new TarWriter(buffer, TarEntryFormat.Gnu, leaveOpen: true))
            foreach (var entry in entries) await tar.WriteEntryAsync(entry, cancel);
        return buffer.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
        return buffer.ToArray();
    }
}
