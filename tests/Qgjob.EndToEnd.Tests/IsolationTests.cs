using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Tests that dirty a phone in every way they can, on one phone and in one file: each finds it clean.</summary>
[Collection(TwoPhones.Name)]
public sealed class IsolationTests(TwoPhones phones)
{
    private const int Tests = 7;

    [Theory]
    [InlineData("clear", 0, 1)]
    [InlineData("reinstall", Tests, Tests + 1)]
    public async Task Each_test_starts_from_clean_data_settings_and_permissions(string reset, int leastInstalls, int mostInstalls)
    {
        var ended = await phones.Lab.QgjobInAsync(Path.Combine(Checkout.Root, "tests", "fixtures", "isolation"),
            "submit", "--org-id", "acme", "--app-version-id", "isolation-1", "--app", "builds/isolation.apk",
            "--test", "tests/*.spec.ts", "--reset", reset, "--wait", "--json");
        Assert.True(ended.ExitCode == 0, ended.All);
        using var answer = JsonDocument.Parse(ended.Out);
        Assert.Equal(Tests, answer.RootElement.GetProperty("passed").GetInt32());
        Assert.InRange(answer.RootElement.GetProperty("installs").GetInt32(), leastInstalls, mostInstalls);
    }
}
