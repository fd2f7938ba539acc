using System.Diagnostics;
using System.Globalization;
using Qgjob.Faults.Tests.Agents;

namespace Qgjob.Faults.Tests.History;

/// <summary>One attempt on one phone, from the first command that reached it to the last.</summary>
/// <param name="Device">The phone, as its log's name says.</param>
/// <param name="Process">The agent's process id.</param>
/// <param name="Begin">Timestamp of the machine's monotonic clock.</param>
/// <param name="Last">The same, of the last command that reached the phone.</param>
internal sealed record PhoneUse(string Device, int Process, string JobId, int Attempt, long Token, long Begin, long Last)
{
    /// <summary>Reads what the agents wrote, per phone in the order of writing.</summary>
    public static IReadOnlyList<PhoneUse> ReadAll(string folder)
    {
        var all = new List<PhoneUse>();
        if (!Directory.Exists(folder)) return all;
        foreach (var file in Directory.GetFiles(folder))
        {
            var device = Path.GetFileNameWithoutExtension(file).Replace('@', '/');
            var uses = new Dictionary<(string, string), PhoneUse>();
            // An agent that notes the end of an attempt does not touch the phone any more.
            foreach (var parts in File.ReadLines(file).Select(l => l.Split(' ')).Where(p => p.Length == 4 && p[1] != "end"))
            {
                var at = long.Parse(parts[0], CultureInfo.InvariantCulture);
                // agent.job.attempt.token
                var names = parts[3].Split('.');
                uses[(parts[2], parts[3])] = uses.TryGetValue((parts[2], parts[3]), out var known) && parts[1] != "begin"
                    ? known with { Last = at }
                    : new PhoneUse(device, int.Parse(parts[2], CultureInfo.InvariantCulture), names[1],
                        int.Parse(names[2], CultureInfo.InvariantCulture), long.Parse(names[3], CultureInfo.InvariantCulture), at, at);
            }
            all.AddRange(uses.Values);
        }
        return all;
    }

    /// <summary>The longest time between two beginnings, on any phones, within a time in which work waited.</summary>
    public static TimeSpan LongestGap(IReadOnlyList<PhoneUse> uses, long from, long to)
    {
        long[] marks = [from, .. uses.Select(u => u.Begin).Where(b => b > from && b < to).Order(), to];
        return Stopwatch.GetElapsedTime(0, marks.Zip(marks.Skip(1), (a, b) => b - a).Max());
    }
}

/// <summary>An answer to a finish, as an agent wrote it down.</summary>
internal sealed record FinishHeard(string Device, long Token, string FinishId, string Outcome, bool Accepted)
{
    public static IReadOnlyList<FinishHeard> ReadAll(IEnumerable<AgentSettings> agents) =>
    [
        .. agents.Where(a => File.Exists(a.Finishes)).SelectMany(a => File.ReadLines(a.Finishes)).Select(l => l.Split(' ')).Where(p => p.Length == 6)
            .Select(p => new FinishHeard(p[1], long.Parse(p[2], CultureInfo.InvariantCulture), p[3], p[4], p[5] == "accepted")),
    ];
}
