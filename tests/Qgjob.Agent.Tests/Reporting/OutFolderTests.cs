using System.Diagnostics;
using Qgjob.Agent.Reporting;

namespace Qgjob.Agent.Tests.Reporting;

public sealed class OutFolderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qgjob-out-");

    public void Dispose() => folder.Delete(recursive: true);

    private void Write(string name, int bytes)
    {
        var path = Path.Combine(folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, new byte[bytes]);
    }

    private OutFolder Read(long maxFile = 1_000_000, long maxTogether = 1_000_000) => OutFolder.Read(folder.FullName, maxFile, maxTogether);

    [Fact]
    public void All_files_are_sent_the_smallest_first_but_what_is_the_log_already()
    {
        Write("output.log", 5);
        Write("video.mp4", 300);
        Write("test-results/ログイン 😀/.hidden.png", 20);
        Write("test-results/output.log", 10);
        Assert.Equal([("test-results/output.log", 10L), ("test-results/ログイン 😀/.hidden.png", 20), ("video.mp4", 300)], Read().Sent.Select(f => (f.Name, f.Bytes)));
        Assert.Empty(Read().LeftOut);
        Assert.Empty(OutFolder.Read(Path.Combine(folder.FullName, "none"), 1, 1).Sent);
    }

    [Fact]
    public void Links_are_not_followed_wherever_they_lead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        Write("a.txt", 1);
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "passwd"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "root"), "/");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "loop"), ".");
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "broken"), "nowhere");
        var read = Read();
        Assert.Equal("a.txt", Assert.Single(read.Sent).Name);
        Assert.Equal(["broken", "loop", "passwd", "root"], read.LeftOut.Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.Contains("passwd (0 B): Not kept: it is a link, and links are not followed.", read.Notes);
    }

    [Fact]
    public void What_the_server_would_not_take_is_left_out_and_said()
    {
        Write("large.mp4", 1001);
        Write("one", 600);
        Write("two", 700);
        Write("small", 10);
        var read = Read(1000, 1000);
        Assert.Equal(["small", "one"], read.Sent.Select(f => f.Name));
        Assert.Equal(
            ["two (700 B): Not kept: the attempt's files are larger than 1 kB together (--max-attempt of the server).", "large.mp4 (1 kB): Not kept: larger than 1 kB (--max-artifact of the server)."],
            read.Notes);
    }

    [Fact]
    public void A_pipe_and_a_name_that_is_no_text_do_not_stop_the_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "names are text elsewhere");
        Write("a.txt", 1);
        using var made = Process.Start("/bin/sh", ["-c", $"cd '{folder.FullName}' && mkfifo pipe && printf x > \"$(printf 'b\\377ad')\" && printf x > \"$(printf 'line\\nbreak')\""])!;
        made.WaitForExit();
        var read = Read();
        Assert.Equal(["pipe", "a.txt", "line\nbreak"], read.Sent.Select(f => f.Name));
        Assert.Equal(0, read.Sent[0].Bytes);
        Assert.StartsWith("Not kept:", Assert.Single(read.LeftOut).Note, StringComparison.Ordinal);
        using var removed = Process.Start("/bin/sh", ["-c", $"cd '{folder.FullName}' && rm -f b*"])!;
        removed.WaitForExit();
    }
}
