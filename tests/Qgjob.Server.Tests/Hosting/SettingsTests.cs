using Microsoft.Extensions.Configuration;
using Qgjob.Server.Hosting;
using Xunit;

namespace Qgjob.Server.Tests.Hosting;

public sealed class SettingsTests
{
    private static ServerSettings Read(string[] args, Dictionary<string, string?>? environment = null, Dictionary<string, string?>? file = null) =>
        ServerSettings.Read(args, name => environment?.GetValueOrDefault(name), new ConfigurationBuilder().AddInMemoryCollection(file ?? []).Build());

    [Fact]
    public void A_flag_beats_the_environment_and_that_the_file()
    {
        var environment = new Dictionary<string, string?> { ["QGJOB_LEASE_TTL"] = "2m", ["QGJOB_DATA"] = "/tmp/e", ["XDG_DATA_HOME"] = "/tmp/x" };
        var file = new Dictionary<string, string?> { ["lease_ttl"] = "3m", ["lease-renew"] = "30s", ["urls"] = "http://0.0.0.0:1" };
        var settings = Read(["--data=/tmp/f", "--store", "memory"], environment, file);
        Assert.Equal(("/tmp/f", "/tmp/f/blobs", "memory"), (settings.DataFolder, settings.BlobsFolder, settings.Store));
        Assert.Equal((TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30), "http://0.0.0.0:1"), (settings.LeaseTtl, settings.LeaseRenew, settings.Urls));
        var none = Read([], new Dictionary<string, string?> { ["HOME"] = "/home/p" });
        Assert.Equal(("sqlite:/home/p/.local/share/qgjob/qgjob.db", "http://localhost:8000"), (none.Store, none.Urls));
    }

    [Theory]
    [InlineData("--lease-ttl", "soon", "lease-ttl: 'soon'")]
    [InlineData("--lease-ttl", "30s", "lease-ttl: must be longer")]
    [InlineData("--keep", "5m", "keep: '5m' is not a duration of 1h or more")]
    [InlineData("--max-disk", "lots", "max-disk: 'lots' is not a size")]
    [InlineData("--max-build", "-1", "max-build")]
    [InlineData("--urls", "https://x", "urls")]
    [InlineData("--urls", "8000", "urls")]
    [InlineData("--urls", "http://myhost:8000", "urls: 'myhost:8000'")]
    [InlineData("--blobs", "s3://b", "blobs")]
    [InlineData("--log-level", "loud", "log-level")]
    [InlineData("--stroe", "memory", "--stroe: unknown")]
    public void What_cannot_be_used_is_named(string flag, string value, string message) =>
        Assert.StartsWith(message, Assert.Throws<SettingsException>(() => Read([flag, value])).Message, StringComparison.Ordinal);
}
