using Qgjob.Cli.Configuration;

namespace Qgjob.Cli.Tests.Configuration;

public sealed class ServerSettingsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Dictionary<string, string> environment = [];

    public void Dispose() => folder.Dispose();

    private ServerSettings Read(string? url = null, string? token = null)
    {
        Directory.CreateDirectory(folder["project/deep"]);
        var world = CliRun.World(TextWriter.Null, TextWriter.Null, Stream.Null, folder["project"], environment);
        return ServerSettings.Read(world, url, token, folder["project/deep"]);
    }

    private static (string, string?, string?) Told(ServerSettings settings) => (string.Join(',', settings.Urls.Select(u => u.ToString())), settings.Token, settings.Org);

    private void Project(string json) => folder.With("project/qgjob.json", json);

    private void Own(string json) => folder.With("project/no-config/qgjob/config.json", json);

    [Fact]
    public void Flag_then_environment_then_project_then_person()
    {
        Assert.Equal(("http://localhost:8000/", null, null), Told(Read()));
        Own("""{"url": "http://own:1", "token": "own", "org": "own"}""");
        Assert.Equal(("http://own:1/", "own", "own"), Told(Read()));
        Project("""{"url": "http://project:1", "token": "project", "org": "project"}""");
        Assert.Equal(("http://project:1/", "project", "project"), Told(Read()));
        environment["QGJOB_URL"] = "http://variable:1";
        environment["QGJOB_TOKEN"] = "variable";
        environment["QGJOB_ORG"] = "variable";
        Assert.Equal(("http://variable:1/", "variable", "variable"), Told(Read()));
        Assert.Equal(("http://flag:1/", "flag", "variable"), Told(Read("http://flag:1", "flag")));
    }

    [Fact]
    public void Several_servers_of_one_store_are_joined_by_commas()
    {
        environment["QGJOB_SERVER"] = "http://a:1, http://b:2";
        Assert.Equal(("http://a:1/,http://b:2/", null, null), Told(Read()));
        Assert.Throws<CliException>(() => Read("http://a:1,b"));
    }

    [Fact]
    public void A_projects_server_does_not_get_the_persons_token()
    {
        Own("""{"token": "secret"}""");
        Project("""{"url": "http://somebody-elses:1"}""");
        Assert.Null(Read().Token);
        Assert.Equal("secret", Read(url: "http://mine:1").Token);
        Own("""{"url": "http://somebody-elses:1", "token": "secret"}""");
        Assert.Equal("secret", Read().Token);
    }

    [Theory]
    [InlineData("""{"adress": "x"}""", "adress")]
    [InlineData("""{"url": """, "qgjob.json")]
    [InlineData("""{"url": "ftp://x"}""", "ftp://x")]
    public void Mistakes_in_files_name_the_file(string json, string named)
    {
        Project(json);
        var e = Assert.Throws<CliException>(() => Read());
        Assert.Equal(Core.Runs.ExitCode.Usage, e.Code);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.Contains("qgjob.json", e.Message, StringComparison.Ordinal);
    }
}
