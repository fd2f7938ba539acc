namespace Qgjob.Cli.Tests;

/// <summary>Compares with a file in Goldens; QGJOB_GOLDEN=write writes it anew.</summary>
internal static class Golden
{
    public static void Check(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("QGJOB_GOLDEN") == "write")
        {
            var sources = AppContext.BaseDirectory;
            var target = Environment.GetEnvironmentVariable("QGJOB_GOLDEN_FOLDER") ?? Path.Combine(sources, "Goldens");
            File.WriteAllText(Path.Combine(target, name), actual);
            return;
        }
        var file = Path.Combine(AppContext.BaseDirectory, "Goldens", name);
        Assert.True(File.Exists(file), $"there is no golden file {name}; QGJOB_GOLDEN=write makes it");
        Assert.Equal(File.ReadAllText(file), actual);
    }
}
