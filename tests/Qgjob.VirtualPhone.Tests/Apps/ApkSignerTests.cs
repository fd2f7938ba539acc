using System.IO.Compression;
using Qgjob.Core.Apps;
using static Qgjob.Phones.Tests.ApkBuilder;

namespace Qgjob.Phones.Tests.Apps;

/// <summary>The todo app's builds are signed by apksigner with the schemes 1, 2 and 3.</summary>
public sealed class ApkSignerTests
{
    // What "apksigner verify --print-certs" says.
    private const string Todo = "7e8e255337871765692161d7ffaa84e3d821144f6adc960016fccfa03c4f12c3";

    internal static string Build(string version) => Path.Combine(AppContext.BaseDirectory, "Fixtures", $"todo-{version}.apk");

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    public void The_signing_block_names_the_signer(string version) => Assert.Equal(Todo, ApkSigner.Read(Build(version)));

    [Fact]
    public void Without_the_block_the_jar_signature_does()
    {
        using var copy = new MemoryStream();
        using (var from = ZipFile.OpenRead(Build("1.0")))
        using (var to = new ZipArchive(copy, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var entry in from.Entries)
            {
                using var read = entry.Open();
                using var write = to.CreateEntry(entry.FullName).Open();
                read.CopyTo(write);
            }
        }

        Assert.Equal(Todo, ApkSigner.Read(copy));
    }

    [Fact]
    public void An_apk_that_nobody_signed_has_no_signer() =>
        Assert.Null(ApkSigner.Read(new MemoryStream(new ApkBuilder().With(Manifest("a.b")).Build())));

    [Fact]
    public void Damage_is_an_invalid_apk()
    {
        var bytes = File.ReadAllBytes(Build("1.0"));
        Assert.Throws<InvalidApkException>(() => ApkSigner.Read(new MemoryStream(bytes[..(bytes.Length / 2)])));
        var magic = bytes.AsSpan().IndexOf("APK Sig Block 42"u8);
        for (var at = magic - 8; at < magic; at++) bytes[at] = 0x7f; // its size
        Assert.Throws<InvalidApkException>(() => ApkSigner.Read(new MemoryStream(bytes)));
    }
}
