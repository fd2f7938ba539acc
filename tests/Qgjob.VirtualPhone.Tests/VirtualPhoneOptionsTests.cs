namespace Qgjob.Phones.Tests;

public sealed class VirtualPhoneOptionsTests
{
    [Theory]
    [InlineData("", 0, 33, "Name")]
    [InlineData("a/b", 0, 33, "Name")]
    [InlineData("a", 5555, 33, "Port")]
    [InlineData("a", 70000, 33, "Port")]
    [InlineData("a", 0, 19, "ApiLevel")]
    public async Task Options_out_of_range_are_refused_by_name(string name, int port, int api, string option)
    {
        var options = new VirtualPhoneOptions { Name = name, DataFolder = "/nowhere", Port = port, ApiLevel = api };

        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            VirtualPhone.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal(option, error.ParamName);
    }
}
