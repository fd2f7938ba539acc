using System.Runtime.InteropServices;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>Linux's numbers of the signals that the tests send.</summary>
internal enum Signal
{
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Signals
{
    /// <returns>False when there is no such process.</returns>
    public static bool Send(int id, Signal signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(id, 2);
        return Kill(id, (int)signal) == 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);
}
