using Qgjob.Server.Auth.Oidc;
using Qgjob.Server.Hosting;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

public sealed class OidcSettingsTests
{
    private const string GitHub = "https://token.actions.githubusercontent.com";

    private static string With(string rule, string issuer = GitHub) => $$"""{"issuers":[{"issuer":"{{issuer}}","audience":"qgjob","rules":[{{rule}}]}]}""";

    [Theory]
    [InlineData("[]", "the file must be an object")]
    [InlineData("{}", "issuers is missing")]
    [InlineData("""{"issuers":[]}""", "issuers must be a list with at least one entry")]
    [InlineData("""{"issuers":[{}],"more":1}""", "unknown key 'more'")]
    [InlineData("""{"issuers":[{"issuer":"https://a.example","audience":"q"}]}""", "issuers[0].rules is missing")]
    [InlineData("""{"issuers":[{"issuer":"http://a.example","audience":"q","rules":[]}]}""", "issuers[0].issuer: 'http://a.example' is no issuer")]
    [InlineData("""{"issuers":[{"issuer":"https://a.example","rules":[]}]}""", "issuers[0].audience is missing")]
    [InlineData("""{"issuers":[{"issuer":"https://a.example","audience":"","rules":[]}]}""", "issuers[0].audience must be a text")]
    [InlineData("""{"issuers":[{"issuer":"https://a.example","issuer":"https://b.example","audience":"q","rules":[]}]}""", "issuers[0].issuer is given twice")]
    public void A_file_that_means_nothing_is_refused_and_the_place_named(string json, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => OidcSettings.Parse(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"repository":"acme/shop","role":"viewer"}""", "issuers[0].rules[0].org is missing")]
    [InlineData("""{"repository":"acme/shop","org":"a/b","role":"viewer"}""", "issuers[0].rules[0].org: may hold only")]
    [InlineData("""{"repository":"acme/shop","org":"acme","role":"owner"}""", "issuers[0].rules[0].role: 'owner' is not one of viewer, submitter")]
    [InlineData("""{"repository":7,"org":"acme","role":"viewer"}""", "issuers[0].rules[0].repository must be a text")]
    [InlineData("""{"org":"acme","role":"viewer"}""", "would match every token of the issuer")]
    [InlineData("""{"repository":"**","org":"acme","role":"viewer"}""", "would match every token of the issuer")]
    [InlineData("""{"ref":"refs/heads/main","org":"acme","role":"viewer"}""", "a rule says whose it means")]
    [InlineData("""{"repository":"*/shop","org":"acme","role":"viewer"}""", "a rule says whose it means")]
    [InlineData("""{"repository":"acme*","org":"acme","role":"viewer"}""", "a rule says whose it means")]
    [InlineData("""{"repository_owner":"acme*","org":"acme","role":"viewer"}""", "a rule says whose it means")]
    public void A_rule_that_lets_in_whom_nobody_means_is_refused(string rule, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => OidcSettings.Parse(With(rule))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"repository":"acme/*","org":"acme","role":"viewer"}""")]
    [InlineData("""{"repository_owner_id":"42","org":"acme","role":"viewer"}""")]
    [InlineData("""{"sub":"repo:acme/shop:environment:production","org":"acme","role":"submitter"}""")]
    public void Rules_that_say_whose_they_mean_are_taken(string rule) => Assert.Single(OidcSettings.Parse(With(rule)).Issuers[0].Rules);

    [Theory]
    [InlineData("acme/*", "acme/shop", true)]
    [InlineData("acme/*", "acme/", true)]
    [InlineData("acme/*", "acme-evil/shop", false)]
    [InlineData("acme/shop", "acme/shop2", false)]
    [InlineData("acme/shop", "Acme/shop", false)]
    [InlineData("refs/heads/*", "refs/heads/feature/x", true)]
    [InlineData("refs/*/v*.*", "refs/tags/v1.2", true)]
    [InlineData("refs/*/v*.*", "refs/tags/v1", false)]
    [InlineData("refs/heads/release-?", "refs/heads/release-1", false)]
    [InlineData("ab*ba", "aba", false)]
    [InlineData("a*a*a", "aa", false)]
    [InlineData("a*a*a", "aaa", true)]
    public void A_star_stands_for_anything_and_nothing_else_does(string pattern, string value, bool matches)
    {
        var rule = Assert.Single(OidcSettings.Parse(With($$"""{"claim":"{{pattern}}","org":"acme","role":"viewer"}""", "https://ci.example")).Issuers[0].Rules);
        Assert.Equal(matches, rule.Matches(new Dictionary<string, string> { ["claim"] = value, ["other"] = "x" }));
        Assert.False(rule.Matches(new Dictionary<string, string>()));
    }

    [Fact]
    public void The_settings_name_the_file()
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-oidc-settings").FullName;
        var file = Path.Combine(folder, "oidc.json");
        Assert.StartsWith("oidc: ", Assert.Throws<SettingsException>(() => OidcSettings.Read(file)).Message, StringComparison.Ordinal);
        File.WriteAllText(file, "{");
        Assert.StartsWith($"oidc: {file} is no JSON", Assert.Throws<SettingsException>(() => OidcSettings.Read(file)).Message, StringComparison.Ordinal);
        File.WriteAllText(file, "{}");
        Assert.Equal($"oidc: {file}: issuers is missing", Assert.Throws<SettingsException>(() => OidcSettings.Read(file)).Message);
        Directory.Delete(folder, recursive: true);
    }
}
