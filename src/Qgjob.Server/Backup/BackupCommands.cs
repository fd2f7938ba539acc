using System.IO.Compression;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Server.Hosting;
using Qgjob.Stores;

namespace Qgjob.Server.Backup;

/// <summary><c>qgjob-server export|import|copy</c>: a store's rows in a file, out of a file, or from store to store.</summary>
/// <param name="time">The clock.</param>
/// <param name="tell">Gets lines for people.</param>
internal sealed class BackupCommands(TimeProvider time, Action<string> tell)
{
    public const string Usage = """
        qgjob-server export [--store URL] FILE    writes all rows of a store to a file (- for standard output; .gz compresses)
        qgjob-server import [--store URL] FILE    fills an empty store from such a file (- for standard input)
        qgjob-server copy --from URL --to URL     fills an empty store from another one
        """;

    private const string Blobs = "Builds, test bundles, logs and artifacts are not in it: copy the --blobs folder too.";

    public static bool Is(string word) => word is "export" or "import" or "copy";

    /// <summary>Runs the command; the exit code.</summary>
    public async Task<int> RunAsync(string[] args, Stream input, Stream output, CancellationToken cancel)
    {
        try
        {
            switch (args)
            {
                case ["copy", ..]:
                    var (from, to) = FromAndTo(args[1..]);
                    await CopyAsync(from, to, cancel);
                    return 0;
                case ["export", ..]:
                    var (source, file) = StoreAndFile(args[1..]);
                    await ExportAsync(source, file, output, cancel);
                    return 0;
                default:
                    var (target, backup) = StoreAndFile(args[1..]);
                    await ImportAsync(target, backup, input, cancel);
                    return 0;
            }
        }
        catch (Exception e) when (e is SettingsException or StoreOpenException)
        {
            tell($"qgjob-server: {e.Message}");
            return 2;
        }
        catch (Exception e) when (e is BackupException or StoreNotEmptyException or StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            tell($"qgjob-server: {e.Message}");
            return 1;
        }
    }

    private async Task ExportAsync(string store, string file, Stream output, CancellationToken cancel)
    {
        await using var journal = await OpenAsync(store, mustExist: true, cancel);
        var tally = new RowTally("exported", tell);
        if (file == "-") await new BackupWriter(output, time, ServerHost.Version).WriteAsync(journal.ExportAsync(cancel), tally, cancel);
        else
        {
            // Under its name only when it is whole; rows hold what jobs were given, secrets too.
            var part = file + ".part";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            try
            {
                await using (var to = new FileStream(part, options))
                {
                    await using (Stream packed = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true) : new BufferedStream(to))
                        await new BackupWriter(packed, time, ServerHost.Version).WriteAsync(journal.ExportAsync(cancel), tally, cancel);
                    if (to.CanWrite) to.Flush(flushToDisk: true);
                }
                File.Move(part, file, overwrite: true);
            }
            catch
            {
                File.Delete(part);
                throw;
            }
        }
        tell($"{tally}. {Blobs}");
    }

    private async Task ImportAsync(string store, string file, Stream input, CancellationToken cancel)
    {
        // What comes in once only is put on the disk first: nothing is imported that was not seen to be whole.
        var spool = file == "-" ? Path.GetTempFileName() : null;
        try
        {
            if (spool is not null)
                await using (var to = File.Create(spool))
                    await input.CopyToAsync(to, cancel);
            var backup = new BackupReader(spool ?? file);
            var header = await backup.CheckAsync(cancel);
            await using var journal = await OpenAsync(store, mustExist: false, cancel);
            var tally = new RowTally("imported", tell);
            await journal.ImportAsync(tally.CountAsync(backup.PartsAsync(cancel), cancel), cancel);
            tell($"{tally}, as they were at {header.MadeAt:u}. {Blobs}");
        }
        finally
        {
            if (spool is not null) File.Delete(spool);
        }
    }

    private async Task CopyAsync(string from, string to, CancellationToken cancel)
    {
        await using var source = await OpenAsync(from, mustExist: true, cancel);
        await using var target = await OpenAsync(to, mustExist: false, cancel);
        var tally = new RowTally("copied", tell);
        await target.ImportAsync(tally.CountAsync(source.ExportAsync(cancel), cancel), cancel);
        tell($"{tally}. {Blobs}");
    }

    private static async Task<IJournal> OpenAsync(string store, bool mustExist, CancellationToken cancel) => StoreUrl.Parse(store) switch
    {
        StoreUrl.Memory => throw new SettingsException("store", "'memory' is in a server's process only: it can be neither exported nor imported"),
        StoreUrl.Sqlite sqlite when mustExist && !File.Exists(sqlite.Path) => throw new BackupException($"There is no store: the file {sqlite.Path} does not exist."),
        _ => await StoreFactory.OpenJournalAsync(store, cancel),
    };

    private static (string Store, string File) StoreAndFile(string[] args)
    {
        var files = new List<string>();
        var flags = new List<string>();
        for (var i = 0; i < args.Length; i++)
            if (args[i] == "-" || !args[i].StartsWith('-')) files.Add(args[i]);
            else
            {
                flags.Add(args[i]);
                if (!args[i].Contains('=', StringComparison.Ordinal) && i + 1 < args.Length) flags.Add(args[++i]);
            }
        if (files is not [var file]) throw new SettingsException("file", $"name one file, or - for standard input or output\n{Usage}");
        var configuration = new ConfigurationBuilder().SetBasePath(Directory.GetCurrentDirectory()).AddJsonFile("appsettings.json", optional: true).Build();
        return (ServerSettings.Read(flags, Environment.GetEnvironmentVariable, configuration.GetSection("qgjob")).Store, file);
    }

    private static (string From, string To) FromAndTo(string[] args)
    {
        string? from = null;
        string? to = null;
        var words = args.SelectMany(a => a.StartsWith("--", StringComparison.Ordinal) ? a.Split('=', 2) : [a]).ToList();
        for (var i = 0; i + 1 < words.Count; i += 2)
            switch (words[i])
            {
                case "--from": from = words[i + 1]; break;
                case "--to": to = words[i + 1]; break;
                default: throw new SettingsException(words[i], $"unknown\n{Usage}");
            }
        return from is not null && to is not null && words.Count == 4 ? (from, to) : throw new SettingsException("copy", $"needs --from and --to\n{Usage}");
    }
}
