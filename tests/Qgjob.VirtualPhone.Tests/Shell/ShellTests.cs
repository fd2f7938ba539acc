namespace Qgjob.Phones.Tests.Shell;

public sealed class ShellTests : IDisposable
{
    private readonly PhoneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Theory]
    [InlineData("echo a  b", "a b\n")]
    [InlineData("echo 'a  b'\"c  d\"\\ e", "a  bc  d e\n")]
    [InlineData("echo one; echo two", "one\ntwo\n")]
    [InlineData("true && echo yes || echo no", "yes\n")]
    [InlineData("false && echo yes || echo no", "no\n")]
    [InlineData("! false && echo yes", "yes\n")]
    [InlineData("pgrep --help > /dev/null; echo $?", "0\n")]
    [InlineData("nosuch 2>&1; echo $?", "/system/bin/sh: nosuch: inaccessible or not found\n127\n")]
    [InlineData("nosuch 2>/dev/null; echo $?", "127\n")]
    [InlineData("A=1; B=\"$A 2\"; echo \"${B}\" $A$A", "1 2 11\n")]
    [InlineData("export X='a b'; echo $X \"$X\"", "a b a b\n")]
    [InlineData("echo $(echo inner; echo more)", "inner more\n")]
    [InlineData("echo \"$(getprop ro.build.version.sdk)\"", "33\n")]
    [InlineData("(echo a; echo b) | tail -n 1", "b\n")]
    [InlineData("{ echo a; echo b; } | grep -v a", "b\n")]
    [InlineData("echo '#no' # comment", "#no\n")]
    [InlineData("export ANDROID_LOG_TAGS=\"''\"; exec echo '-v'; echo never", "-v\n")]
    [InlineData("[ -e '/data/local/tmp' ] && echo __PASS__", "__PASS__\n")]
    [InlineData("ls -t -1 /nosuch 2>&1 || echo _ERROR_", "ls: /nosuch: No such file or directory\n_ERROR_\n")]
    [InlineData("cd /data/local; pwd; cd tmp && pwd", "/data/local\n/data/local/tmp\n")]
    [InlineData("date +%Y-%m-%dT%T%z", "2026-01-02T03:04:05+0000\n")]
    public async Task Lines_do_what_they_do_on_a_phone(string line, string expected)
    {
        var (_, output, _) = await bench.RunAsync(line);

        Assert.Equal(expected, output);
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("false", 1)]
    [InlineData("nosuch", 127)]
    [InlineData("false; true", 0)]
    [InlineData("exit 3; echo no", 3)]
    [InlineData("[ 2 -gt 3 ]", 1)]
    [InlineData("test -z ''", 0)]
    public async Task Lines_end_with_their_exit_code(string line, int expected) =>
        Assert.Equal(expected, (await bench.RunAsync(line)).Code);

    [Theory]
    [InlineData("echo 'open")]
    [InlineData("echo \"open")]
    [InlineData("a && ")]
    [InlineData("for i in 1 2; do echo; done")]
    [InlineData("echo $((1+1))")]
    [InlineData("( echo a")]
    [InlineData("echo `id`")]
    public async Task What_the_shell_cannot_read_is_a_syntax_error_and_counted(string line)
    {
        var (code, output, error) = await bench.RunAsync(line);

        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("/system/bin/sh: syntax error: ", error, StringComparison.Ordinal);
        Assert.Equal(1, bench.Phone.Tally.Snapshot().UnhandledRequests);
    }

    [Fact]
    public async Task Any_line_ends_without_an_exception()
    {
        const string alphabet = "ab '\"\\$(){};&|<>!#?*`=1\n";
        var random = new Random(20260103);
        for (var round = 0; round < 3000; round++)
        {
            var line = new string([.. Enumerable.Range(0, random.Next(1, 25)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            await bench.RunAsync(line);
        }
    }

    [Fact]
    public async Task Unknown_commands_are_counted_with_their_words()
    {
        await bench.RunAsync("nosuch -x; pm frobnicate");

        var unhandled = bench.Phone.Tally.Snapshot().Unhandled;
        Assert.Contains("shell: nosuch -x", unhandled.Keys);
        Assert.Contains("shell: pm frobnicate", unhandled.Keys);
    }

    [Fact]
    public async Task Files_can_be_written_listed_moved_and_removed_where_the_shell_user_may()
    {
        var (_, output, error) = await bench.RunAsync(
            "cd /data/local/tmp; mkdir -p a/b; echo one > a/b/x; echo two >> a/b/x; cat a/b/x; cp a/b/x a/y; mv a/y /sdcard/z; ls a /sdcard/z; cat < /sdcard/z; rm -rf a/*; ls a");

        Assert.Equal("", error);
        Assert.Equal("one\ntwo\nb\n/sdcard/z\none\ntwo\n", output);
        Assert.Equal(1, (await bench.RunAsync("echo x > /system/x")).Code);
        Assert.Contains("Permission denied", (await bench.RunAsync("rm -rf /data/app")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_folder_has_two_names()
    {
        await bench.RunAsync("echo hi > /storage/emulated/0/Download/x");

        Assert.Equal("hi\n", (await bench.RunAsync("cat /sdcard/Download/x")).Output);
    }

    [Fact]
    public async Task Settings_files_and_packages_survive_a_restart()
    {
        await bench.InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo)).Build());
        await bench.RunAsync($"settings put global hidden_api_policy 1;echo hi > /data/local/tmp/x; pm grant {ApkBuilder.Todo} android.permission.CAMERA");

        bench.Restart();

        Assert.Equal("1\n", (await bench.RunAsync("settings get global hidden_api_policy")).Output);
        Assert.Equal("hi\n", (await bench.RunAsync("cat /data/local/tmp/x")).Output);
        var (_, dump, _) = await bench.RunAsync($"dumpsys package {ApkBuilder.Todo}");
        Assert.Contains("android.permission.CAMERA: granted=true", dump, StringComparison.Ordinal);
        Assert.Contains("android.permission.RECORD_AUDIO: granted=false", dump, StringComparison.Ordinal);
        Assert.Contains("versionCode=1 minSdk=21 targetSdk=29", dump, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pgrep_understands_the_pattern_that_appium_sends()
    {
        await bench.InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo)).Build());
        const string pgrep = @"pgrep -f \(\[\[:blank:\]\]\|\^\)com\.example\.todo\(:\[a-zA-Z0-9_-\]\+\)\?\(\[\[:blank:\]\]\|\$\)";

        Assert.Equal(1, (await bench.RunAsync(pgrep)).Code);
        await bench.RunAsync($"am start -n {ApkBuilder.Todo}/.MainActivity");
        var (code, output, _) = await bench.RunAsync(pgrep);
        Assert.Equal(0, code);
        await bench.RunAsync("kill " + output);
        Assert.Equal(1, (await bench.RunAsync(pgrep)).Code);
    }

    [Fact]
    public async Task Logcat_shows_what_happened()
    {
        await bench.InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo)).Build());

        var (_, output, _) = await bench.RunAsync("logcat -d -v brief PackageManager:I *:S");

        Assert.Equal("--------- beginning of main\nI/PackageManager( 1000): Package com.example.todo installed, versionCode 1, versionName 1.0\n", output);
    }
}
