using Microsoft.Extensions.Time.Testing;
using Qgjob.Core;

namespace Qgjob.Cli.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Err)
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Runs a command line in this process.</summary>
    public static async Task<CliRun> OfAsync(
        string[] args, Uri? server = null, string? folder = null, Dictionary<string, string>? environment = null, TimeProvider? time = null, int? width = null, string input = "", CancellationToken cancel = default)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var bytes = new MemoryStream();
        var variables = environment ?? [];
        if (server is not null) variables["QGJOB_URL"] = server.ToString();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, TestContext.Current.CancellationToken);
        var code = await CommandLine.RunAsync(args, World(output, error, bytes, folder ?? Path.GetTempPath(), variables, time, width, input), both.Token);
        return new CliRun(code, output.ToString() + System.Text.Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
    }

    public static Surroundings World(
        TextWriter output, TextWriter error, Stream bytes, string folder, Dictionary<string, string> environment, TimeProvider? time = null, int? width = null, string input = "") => new()
        {
            Out = output,
            Err = error,
            OpenOut = () => bytes,
            OpenIn = () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(input)),
            OutWidth = () => width,
            CurrentFolder = folder,
            ConfigFolder = Path.Combine(folder, "no-config"),
            Environment = name => environment.GetValueOrDefault(name),
            Time = time ?? new FakeTimeProvider(Now),
            Ids = new CountedIds(),
        };

    private sealed class CountedIds : IIdSource
    {
        private int last;

        public string NewId(string prefix) => $"{prefix}-{++last}";
    }
}
