using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell;

/// <summary>Runs one command; the result is its exit code.</summary>
internal delegate ValueTask<int> ShellCommand(ShellCall call, CancellationToken cancel);

/// <summary>One command with its arguments.</summary>
/// <param name="Phone">The phone it runs on.</param>
/// <param name="Shell">The shell that runs it.</param>
/// <param name="Name">As it was called.</param>
/// <param name="Args">What follows the name.</param>
/// <param name="Io">Its input and outputs.</param>
internal sealed record ShellCall(PhoneDevice Phone, ShellInterpreter Shell, string Name, IReadOnlyList<string> Args, ShellIo Io)
{
    public string Arg(int index) => index < Args.Count ? Args[index] : "";

    public bool Has(string flag) => Args.Contains(flag);

    /// <summary>The word after a flag.</summary>
    public string? After(string flag)
    {
        for (var i = 0; i + 1 < Args.Count; i++)
        {
            if (Args[i] == flag)
                return Args[i + 1];
        }

        return null;
    }

    /// <summary>The arguments that are no flags.</summary>
    public IReadOnlyList<string> Words => [.. Args.Where(a => a.Length < 2 || a[0] != '-')];

    public string FirstWord => Words is [var first, ..] ? first : "";

    public string LastWord => Words is [.., var last] ? last : "";

    /// <summary>The same call without its first words: "cmd package list" becomes "package list".</summary>
    public ShellCall Skip(int count) =>
        this with { Name = count == 0 ? Name : Args[count - 1], Args = [.. Args.Skip(count)] };

    public string Path(string path) => PhoneFiles.Normalize(path, Shell.Folder);

    public async ValueTask<int> PrintAsync(string text, CancellationToken cancel, int exitCode = 0)
    {
        await Io.Output.WriteAsync(text, cancel);
        return exitCode;
    }

    public async ValueTask<int> FailAsync(string message, CancellationToken cancel, int exitCode = 1)
    {
        await Io.Error.WriteAsync(message.EndsWith('\n') ? message : message + "\n", cancel);
        return exitCode;
    }

    /// <summary>For what a real phone would know and this one does not: said aloud and counted.</summary>
    public ValueTask<int> UnknownAsync(CancellationToken cancel, int exitCode = 255)
    {
        var what = string.Join(' ', Args.Prepend(Name));
        Phone.Tally.Unhandled("shell: " + what);
        return FailAsync($"{Name}: this virtual phone does not know '{what}'", cancel, exitCode);
    }
}
