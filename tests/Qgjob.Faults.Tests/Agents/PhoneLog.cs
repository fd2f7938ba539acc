using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Qgjob.Faults.Tests.Agents;

/// <summary>What happened on a phone, in a file that every process that drives the phone appends to: line by line, by the machine's monotonic clock.</summary>
internal sealed class PhoneLog : IDisposable
{
    private readonly FileStream file;
    private readonly string attempt;

    private PhoneLog(FileStream file, string attempt) => (this.file, this.attempt) = (file, attempt);

    public static PhoneLog Open(string folder, string deviceId, string attempt)
    {
        Directory.CreateDirectory(folder);
        // Unbuffered and appended: what was written stays when the process is killed, in the order of all processes.
        return new PhoneLog(new FileStream(Path.Combine(folder, Name(deviceId)), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0), attempt);
    }

    public static string Name(string deviceId) => deviceId.Replace('/', '@') + ".log";

    public void Begin() => Write("begin");

    /// <summary>A command to the phone.</summary>
    public void Touch() => Write("touch");

    public void End() => Write("end");

    public void Dispose() => file.Dispose();

    private void Write(string what) => file.Write(Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetTimestamp()} {what} {Environment.ProcessId} {attempt}\n")));
}
