using System.Text.Json;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

public sealed class ResourceTests : IAsyncDisposable
{
    private static readonly ResourceView Accounts = new()
    {
        Name = "account",
        Variable = "QGJOB_RESOURCE_ACCOUNT",
        Units = 2,
        Free = 1,
        Holders = [new ResourceHolder("desk/phone-1", "j-1"), new ResourceHolder("desk/phone-2", null, Leaving: true)],
    };

    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Run(string line, string input = "") =>
        CliRun.OfAsync(line.Split(' '), server.Url, folder.Path, input: input, cancel: TestContext.Current.CancellationToken);

    private IReadOnlyList<string> Sent() => JsonSerializer.Deserialize(server.Last("PUT ").Body, WireJson.Default.ResourceUnits)!.Units!;

    [Fact]
    public async Task The_list_shows_values_only_when_asked()
    {
        server.On("GET /api/v1/orgs/o/resources", a => new Answer(200, JsonSerializer.Serialize(new ListOf<ResourceView>([a.PathAndQuery.EndsWith("?values=true", StringComparison.Ordinal)
            ? Accounts with { Values = ["anna", "ben"], Holders = [new("desk/phone-1", "j-1", Value: "ben"), new("desk/phone-2", null, true, "carl")] }
            : Accounts]), WireJson.Default.ListOfResourceView)));
        Assert.Equal(
            """
            RESOURCE  FREE    HELD BY                                      VARIABLE
            account   1 of 2  desk/phone-1 (j-1), desk/phone-2, goes then  QGJOB_RESOURCE_ACCOUNT

            """, (await Run("resources list --org-id o")).Out);
        Assert.Equal(
            """
            RESOURCE  UNIT  HELD BY
            account   anna  -
            account   ben   desk/phone-1 (j-1)
            account   carl  desk/phone-2, goes then

            """, (await Run("resources list --org-id o --show-values")).Out);
    }

    [Fact]
    public async Task Units_come_from_options_a_file_or_standard_input()
    {
        server.On("PUT /api/v1/orgs/o/resources/account", Accounts, WireJson.Default.ResourceView);
        var run = await Run("resources set account --org-id o --unit anna --unit ben");
        Assert.Equal((0, "account: 2 units, 1 free; tests find theirs in QGJOB_RESOURCE_ACCOUNT\n"), (run.ExitCode, run.Out));
        Assert.Contains("1 unit that is not defined any more stays", run.Err, StringComparison.Ordinal);
        Assert.Equal(["anna", "ben"], Sent());
        folder.With("units.txt", "carl \r\n\r\ndora=x y\n");
        Assert.Equal(0, (await Run("resources set account --org-id o --units-from units.txt")).ExitCode);
        Assert.Equal(["carl ", "dora=x y"], Sent());
        Assert.Equal(0, (await Run("resources set account --org-id o --units-from -", "emil\nfrieda")).ExitCode);
        Assert.Equal(["emil", "frieda"], Sent());
    }

    [Fact]
    public async Task Removing_says_so()
    {
        server.On("DELETE /api/v1/orgs/o/resources/account", 204);
        var run = await Run("resources remove account --org-id o");
        Assert.Equal((0, "removed account\n", ""), (run.ExitCode, run.Out, run.Err));
    }
}
