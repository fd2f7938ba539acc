using System.Diagnostics;
using System.Globalization;

namespace Qgjob.Lifecycle.Processes;

/// <summary>CPU seconds that a process and its children have used, those that ended included.</summary>
internal static class Cpu
{
    private const double TicksPerSecond = 100;

    public static double Of(int pid)
    {
        try
        {
            return OwnAndEnded(pid) + Children(pid).Sum(Of);
        }
        // It ended between two looks.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    public static double Mine => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;

    private static double OwnAndEnded(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        // The name may hold spaces; what follows its bracket does not.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..15].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static IEnumerable<int> Children(int pid) =>
        Directory.GetDirectories($"/proc/{pid}/task").SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(c => int.Parse(c, CultureInfo.InvariantCulture));
}
