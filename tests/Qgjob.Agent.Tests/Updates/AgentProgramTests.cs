using Qgjob.Agent.Updates;

namespace Qgjob.Agent.Tests.Updates;

public sealed class AgentProgramTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-program-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_file_that_was_put_in_its_place_shows_and_one_that_is_gone_is_nothing()
    {
        var file = At("qgjob");
        File.WriteAllText(file, "same");
        var program = new AgentProgram([file], []);
        var first = program.Look();
        Assert.Equal(first, program.Look());
        // Another file with the same bytes and the same time, as "cp -p" and "mv" leave it.
        File.WriteAllText(At("next"), "same");
        File.SetLastWriteTimeUtc(At("next"), File.GetLastWriteTimeUtc(file).AddSeconds(1));
        File.Move(At("next"), file, overwrite: true);
        Assert.NotEqual(first, program.Look());
        File.Delete(file);
        Assert.Null(program.Look());
    }

    [Fact]
    public void The_assemblies_beside_it_count()
    {
        foreach (var name in new[] { "qgjob", "qgjob.dll", "Other.dll" }) File.WriteAllText(At(name), "1");
        AgentProgram[] programs = [new([At("qgjob")], []), new(["/usr/bin/dotnet", At("qgjob.dll")], [])];
        foreach (var program in programs)
        {
            var first = program.Look();
            File.AppendAllText(At("Other.dll"), "2");
            Assert.NotEqual(first, program.Look());
        }
    }

    [Theory]
    [InlineData("[ \"$1\" = version ] && echo qgjob 9", true, "qgjob 9")]
    [InlineData("echo broken >&2; exit 3", false, "exit code 3: broken")]
    public async Task It_is_asked_for_its_version(string script, bool works, string text)
    {
        await File.WriteAllTextAsync(At("qgjob"), script + "\n", Cancel);
        Assert.Equal(new ProgramAnswer(works, text), await new AgentProgram(["/bin/sh", At("qgjob")], ["agent"]).AskAsync(TimeProvider.System, Cancel));
    }

    [Fact]
    public async Task Something_that_is_no_program_does_not_work_and_is_not_become()
    {
        await File.WriteAllTextAsync(At("qgjob"), "not executable", Cancel);
        var program = new AgentProgram([At("qgjob")], []);
        Assert.False((await program.AskAsync(TimeProvider.System, Cancel)).Works);
        Assert.NotEmpty(program.Become());
    }

    private string At(string name) => Path.Combine(folder, name);
}
