using Qgjob.Core.Jobs;

namespace Qgjob.Core.Tests.Jobs;

public sealed class DependentTestsTests
{
    [Theory]
    [InlineData("test.describe.configure({ mode: 'serial' });", 1, "mode: 'serial'")]
    [InlineData("\ntest.describe.configure({\n  mode: \"serial\",\n});", 3, "mode: \"serial\"")]
    [InlineData("test.describe.configure({ 'mode': `serial` });", 1, "'mode': `serial`")]
    [InlineData("// one\n/* two\n */ test.describe.serial('a', () => {});", 3, "describe.serial")]
    [InlineData("test.describe\n  .serial.only('a', () => {});", 1, "describe .serial")]
    [InlineData("const a = 'it\\'s'; test('x', async ({ persistentDevice: device }) => {});", 1, "persistentDevice")]
    [InlineData("const url = 'http://x'; const b = `//${url}`;\ntest.describe.serial('a', () => {});", 2, "describe.serial")]
    public void The_place_and_its_words_are_named(string source, int line, string what) =>
        Assert.Equal(new DependentTests(line, what), DependentTests.Find(source));

    [Theory]
    [InlineData("test('enters the serial number', async ({ device }) => {});")]
    [InlineData("// test.describe.serial: not any more\n/* persistentDevice */")]
    [InlineData("test('mode: \"serial\"', async () => {});")]
    [InlineData("test.describe.configure({ mode: 'parallel' });")]
    [InlineData("const serial = device.serial; const persistentDevices = 2;")]
    [InlineData("")]
    public void Comments_titles_and_other_words_are_no_place(string source) => Assert.Null(DependentTests.Find(source));
}
