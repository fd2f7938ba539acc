using System.Buffers.Binary;
using Qgjob.Core;
using Qgjob.Phones.Adb;
using Qgjob.Phones.Device;
using Qgjob.Phones.Shell;

namespace Qgjob.Phones.Services;

/// <summary>"shell:", "shell,v2:" and "exec:". Version 2 tells the outputs apart and ends with the exit code.</summary>
internal static class ShellService
{
    private const string Prompt = "virtual:/ $ ";

    /// <param name="phone">The phone.</param>
    /// <param name="options">"shell" and what follows it before the colon, or "exec".</param>
    /// <param name="line">What to run; empty for a person at a terminal.</param>
    /// <param name="stream">The call.</param>
    /// <param name="cancel">Cancelled when the host closes the call.</param>
    public static async Task RunAsync(PhoneDevice phone, string[] options, string line, AdbStream stream, CancellationToken cancel)
    {
        var packets = options.Contains("v2");
        IShellOutput output = packets ? new PacketOutput(stream, PacketOutput.Out) : new StreamOutput(stream);
        IShellOutput error = packets && !options.Contains("pty") ? new PacketOutput(stream, PacketOutput.Error) : output;
        var io = new ShellIo(packets ? new PacketInput(stream) : stream, output, error);
        var shell = new ShellInterpreter(phone);
        var code = line.Length > 0
            ? await shell.RunAsync(line, io, cancel)
            : await TalkAsync(shell, io, cancel);
        if (packets)
            await new PacketOutput(stream, PacketOutput.Exit).WriteAsync(new[] { (byte)code }, cancel);
    }

    /// <summary>A person at a terminal; nothing is echoed but what commands print.</summary>
    private static async Task<int> TalkAsync(ShellInterpreter shell, ShellIo io, CancellationToken cancel)
    {
        using var reader = new StreamReader(io.Input, leaveOpen: true);
        while (!shell.Exited)
        {
            await io.Output.WriteAsync(Prompt, cancel);
            if (await reader.ReadLineAsync(cancel) is not { } line)
                break;
            await shell.RunAsync(line, io, cancel);
        }

        return shell.LastExitCode;
    }

    /// <summary>One kind of packet: a byte for the kind, four for the length, the bytes.</summary>
    private sealed class PacketOutput(AdbStream stream, byte kind) : IShellOutput
    {
        public const byte Out = 1;
        public const byte Error = 2;
        public const byte Exit = 3;

        // Five bytes of header have to fit into an adb message as well.
        private const int MaxPart = AdbPacket.MaxPayload - 5;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            while (!bytes.IsEmpty)
            {
                var part = bytes[..Math.Min(bytes.Length, MaxPart)];
                var packet = new byte[5 + part.Length];
                packet[0] = kind;
                BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(1), part.Length);
                part.CopyTo(packet.AsMemory(5));
                await stream.WriteAsync(packet, cancel);
                bytes = bytes[part.Length..];
            }
        }
    }

    /// <summary>What the host types, taken out of its packets.</summary>
    private sealed class PacketInput(AdbStream stream) : ReadOnlyStream
    {
        private const byte Input = 0;
        private const byte CloseInput = 4;

        private readonly byte[] header = new byte[5];
        private int left;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (left == 0)
            {
                if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length)
                    return 0;
                var length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(1)), AdbPacket.MaxPayload);
                if (header[0] == CloseInput)
                    return 0;
                if (header[0] == Input)
                    left = length;
                else
                    await stream.ReadExactlyAsync(new byte[length], cancellationToken); // the size of the host's window
            }

            var read = await stream.ReadAsync(buffer[..Math.Min(buffer.Length, left)], cancellationToken);
            left -= read;
            return read;
        }
    }
}
