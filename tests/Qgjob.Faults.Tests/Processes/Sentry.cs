using System.Diagnostics;
using System.Globalization;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>
/// A shell that is told every process that the tests start, and ends those that are left when its stdin closes: when the
/// tests are gone, however they ended.
/// </summary>
internal static class Sentry
{
    private const string Script =
        """
        trap '' INT TERM
        all=' '
        while read -r what pid; do
          case $what in
            +) all="$all$pid " ;;
            -) all=${all%%" $pid "*}' '${all#*" $pid "} ;;
          esac
        done
        for pid in $all; do kill -CONT "$pid"; kill -KILL "$pid"; done 2>/dev/null
        """;

    private static readonly Lock Gate = new();
    private static Process? shell;

    public static void Watch(int id) => Tell('+', id);

    public static void Forget(int id) => Tell('-', id);

    private static void Tell(char what, int id)
    {
        lock (Gate)
        {
            shell ??= Process.Start(new ProcessStartInfo("sh", ["-c", Script]) { RedirectStandardInput = true })!;
            shell.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {id}"));
            shell.StandardInput.Flush();
        }
    }
}
