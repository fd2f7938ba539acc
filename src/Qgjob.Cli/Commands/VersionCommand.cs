using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Qgjob.Cli.Output;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class VersionCommand
{
    /// <summary>For instance <c>0.1.0</c>.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static Command Create(Bind bind)
    {
        var command = new Command("version", "Shows the version of this program");
        bind(command, (call, _) =>
        {
            if (call.Json)
                call.WriteJson("version", new VersionDocument(Version, RuntimeInformation.FrameworkDescription, RuntimeInformation.RuntimeIdentifier), CliJson.Default.VersionDocument);
            else call.Out.WriteLine($"qgjob {Version}");
            return Task.FromResult(ExitCode.Passed);
        });
        return command;
    }
}
