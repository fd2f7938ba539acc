using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Qgjob.Phones.Adb;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Services;

/// <summary>Pushing, pulling and listing files (SYNC.TXT in AOSP's adb), version 1.</summary>
internal sealed class SyncService(PhoneDevice phone, AdbStream stream)
{
    private const int MaxPath = 1024;
    private const int MaxData = 64 * 1024;

    private readonly byte[] header = new byte[8];

    public async Task RunAsync(CancellationToken cancel)
    {
        while (await ReadHeaderAsync(cancel) is var (id, length))
        {
            if (id == "QUIT")
                return;
            if (length > MaxPath)
            {
                await FailAsync("path too long", cancel);
                return;
            }

            var bytes = new byte[length];
            await stream.ReadExactlyAsync(bytes, cancel);
            var path = Encoding.UTF8.GetString(bytes);
            switch (id)
            {
                case "STAT":
                    await StatAsync(path, cancel);
                    break;
                case "LIST":
                    await ListAsync(path, cancel);
                    break;
                case "RECV":
                    await SendFileAsync(path, cancel);
                    break;
                case "SEND":
                    await ReceiveFileAsync(path, cancel);
                    break;
                default:
                    phone.Tally.Unhandled("sync: " + id);
                    await FailAsync($"unknown sync command {id}", cancel);
                    return;
            }
        }
    }

    private async Task StatAsync(string path, CancellationToken cancel)
    {
        PhoneFile? file;
        lock (phone.Gate)
            file = phone.Files.Find(path);
        await WriteAsync("STAT", cancel, (uint)(file?.Mode ?? 0), (uint)(file?.Size ?? 0), Seconds(file));
    }

    private async Task ListAsync(string path, CancellationToken cancel)
    {
        IReadOnlyList<(string Name, PhoneFile File)> entries;
        lock (phone.Gate)
            entries = phone.Files.List(path);
        foreach (var (name, file) in entries)
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            await WriteAsync("DENT", cancel, (uint)file.Mode, (uint)file.Size, Seconds(file), (uint)bytes.Length);
            await stream.WriteAsync(bytes, cancel);
        }

        await WriteAsync("DONE", cancel, 0, 0, 0, 0);
    }

    private async Task SendFileAsync(string path, CancellationToken cancel)
    {
        FileStream? source = null;
        lock (phone.Gate)
        {
            if (phone.Files.Find(path) is { IsFolder: false } file)
                source = phone.Files.Open(file);
        }

        if (source is null)
        {
            await FailAsync($"failed to open '{path}': No such file or directory", cancel);
            return;
        }

        await using (source)
        {
            var buffer = new byte[MaxData / 2];
            int read;
            while ((read = await source.ReadAsync(buffer, cancel)) > 0)
            {
                await WriteAsync("DATA", cancel, (uint)read);
                await stream.WriteAsync(buffer.AsMemory(0, read), cancel);
            }
        }

        await WriteAsync("DONE", cancel, 0);
    }

    /// <param name="target">"path,mode", the mode in decimal.</param>
    /// <param name="cancel">Ends it; what came so far is dropped.</param>
    private async Task ReceiveFileAsync(string target, CancellationToken cancel)
    {
        var comma = target.LastIndexOf(',');
        var path = comma < 0 ? target : target[..comma];
        var mode = int.TryParse(target[(comma + 1)..], CultureInfo.InvariantCulture, out var given) ? given : 0x1a4;
        string? problem;
        lock (phone.Gate)
        {
            problem = !PhoneFiles.MayWrite(path) ? "Permission denied"
                : phone.Files.Find(path) is { IsFolder: true } ? "Is a directory" : null;
        }

        var blob = phone.Store.NewBlob();
        var kept = false;
        try
        {
            uint? modified;
            await using (var file = new FileStream(phone.Store.BlobPath(blob), FileMode.CreateNew, FileAccess.Write, FileShare.None, 4096, useAsync: true))
                modified = await ReceiveDataAsync(file, cancel);
            if (modified is null)
                problem ??= "broken sync protocol";
            if (problem is null)
            {
                lock (phone.Gate)
                {
                    phone.Files.Put(path, blob, mode, DateTimeOffset.FromUnixTimeSeconds(modified!.Value));
                    kept = true;
                    phone.Save();
                }
            }
        }
        finally
        {
            if (!kept)
                phone.Store.DeleteBlob(blob);
        }

        if (problem is null)
            await WriteAsync("OKAY", cancel, 0);
        else
            await FailAsync($"couldn't create file: {problem}", cancel);
    }

    /// <returns>When the file was changed, in Unix seconds; null where the host broke the protocol.</returns>
    private async Task<uint?> ReceiveDataAsync(FileStream file, CancellationToken cancel)
    {
        var buffer = new byte[MaxData];
        while (await ReadHeaderAsync(cancel) is var (id, length))
        {
            if (id == "DONE")
                return length;
            if (id != "DATA" || length > MaxData)
                return null;
            await stream.ReadExactlyAsync(buffer.AsMemory(0, (int)length), cancel);
            await file.WriteAsync(buffer.AsMemory(0, (int)length), cancel);
        }

        return null;
    }

    private async Task<(string Id, uint Length)?> ReadHeaderAsync(CancellationToken cancel) =>
        await stream.ReadAtLeastAsync(header, 8, throwOnEndOfStream: false, cancel) < 8
            ? null
            : (Encoding.ASCII.GetString(header, 0, 4), BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)));

    private async Task FailAsync(string message, CancellationToken cancel)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        await WriteAsync("FAIL", cancel, (uint)bytes.Length);
        await stream.WriteAsync(bytes, cancel);
    }

    private async Task WriteAsync(string id, CancellationToken cancel, params uint[] numbers)
    {
        var message = new byte[4 + (4 * numbers.Length)];
        Encoding.ASCII.GetBytes(id, message);
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4 + (4 * i)), numbers[i]);
        await stream.WriteAsync(message, cancel);
    }

    private static uint Seconds(PhoneFile? file) => (uint)Math.Max(0, file?.Modified.ToUnixTimeSeconds() ?? 0);
}
