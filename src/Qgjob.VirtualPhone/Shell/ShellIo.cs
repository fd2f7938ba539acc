using System.Buffers;
using System.Text;

namespace Qgjob.Phones.Shell;

/// <summary>Where a command's output goes.</summary>
internal interface IShellOutput
{
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel);
}

internal static class ShellOutput
{
    public static ValueTask WriteAsync(this IShellOutput output, string text, CancellationToken cancel) =>
        text.Length == 0 ? ValueTask.CompletedTask : output.WriteAsync(Encoding.UTF8.GetBytes(text), cancel);
}

/// <summary>Output that nobody wants.</summary>
internal sealed class NoOutput : IShellOutput
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => ValueTask.CompletedTask;
}

/// <summary>Output kept for a pipe, a $(…) or a file.</summary>
internal sealed class KeptOutput : IShellOutput
{
    private const int MaxBytes = 32 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> bytes = new();

    public byte[] Bytes => bytes.WrittenSpan.ToArray();

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (this.bytes.WrittenCount + bytes.Length > MaxBytes)
            throw new IOException("More output than the virtual phone keeps for a pipe or a file.");
        this.bytes.Write(bytes.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Output that goes to the host as it is.</summary>
internal sealed class StreamOutput(Stream stream) : IShellOutput
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => stream.WriteAsync(bytes, cancel);
}

/// <summary>A command's input and outputs.</summary>
internal sealed record ShellIo(Stream Input, IShellOutput Output, IShellOutput Error);
