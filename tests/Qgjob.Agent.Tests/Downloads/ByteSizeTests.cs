using Qgjob.Agent.Downloads;

namespace Qgjob.Agent.Tests.Downloads;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(512, "512 B")]
    [InlineData(7_312, "7.3 kB")]
    [InlineData(48_000_000, "48 MB")]
    public void Small_files_are_not_nothing(long bytes, string expected) => Assert.Equal(expected, ByteSize.Text(bytes));
}
