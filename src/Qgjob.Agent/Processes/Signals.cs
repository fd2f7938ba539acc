using System.Runtime.InteropServices;

namespace Qgjob.Agent.Processes;

/// <summary>The POSIX signals that we send; the numbers are the same on Linux and macOS.</summary>
internal enum Signal
{
    Probe = 0,
    Kill = 9,
    Terminate = 15,
}

internal static partial class Signals
{
    /// <param name="id">A process id, or a negated process group id.</param>
    /// <returns>False when there is no such process.</returns>
    public static bool Send(int id, Signal signal)
    {
        // 0 and -1 would reach ourselves or everyone.
        if (id is 0 or -1) throw new ArgumentOutOfRangeException(nameof(id));
        return !OperatingSystem.IsWindows() && Kill(id, (int)signal) == 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);
}
