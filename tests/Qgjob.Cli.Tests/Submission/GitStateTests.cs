using Qgjob.Cli.Submission;

namespace Qgjob.Cli.Tests.Submission;

public sealed class GitStateTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private Dictionary<string, string> Read(string at, string? branchVariable = null) =>
        GitState.Read(folder[at], name => name == "GITHUB_REF_NAME" ? branchVariable : null);

    [Fact]
    public void Branch_and_commit_come_from_gits_files()
    {
        folder.With("repo/.git/HEAD", "ref: refs/heads/feature/login\n").With("repo/.git/refs/heads/feature/login", Commit + "\n").With("repo/deep/x");
        var read = Read("repo/deep");
        Assert.Equal("feature/login", read["branch"]);
        Assert.Equal(Commit, read["commit"]);
    }

    [Fact]
    public void Packed_references_and_worktrees_are_known()
    {
        folder.With("repo/.git/packed-refs", $"# pack-refs\n{Commit} refs/heads/main\n").With("repo/.git/worktrees/w/HEAD", "ref: refs/heads/main\n")
            .With("repo/.git/worktrees/w/commondir", "../..\n").With("tree/.git", "gitdir: ../repo/.git/worktrees/w\n");
        Assert.Equal(Commit, Read("tree")["commit"]);
    }

    [Fact]
    public void A_bare_commit_takes_the_branch_from_the_build_server()
    {
        folder.With("repo/.git/HEAD", Commit + "\n");
        Assert.Equal(new Dictionary<string, string> { ["branch"] = "main", ["commit"] = Commit }, Read("repo", "main"));
        Assert.Equal(new Dictionary<string, string> { ["commit"] = Commit }, Read("repo"));
    }

    [Fact]
    public void Without_a_repository_there_is_nothing_to_say() => Assert.Empty(GitState.Read(folder.Path, _ => "main"));
}
