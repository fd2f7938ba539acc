using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Server.Backup;
using Qgjob.Stores.Tests.Journal;
using Xunit;

namespace Qgjob.Server.Tests.Backup;

public sealed class BackupFileTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(file);

    private async Task<(ModelJournal Journal, string Text)> WrittenAsync()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 8, 0, 0, TimeSpan.Zero));
        var journal = new ModelJournal();
        await using (var store = await JournaledStore.OpenAsync(journal, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel))
        {
            var run = new Run { Id = "r-1", OrgId = "acme", CreatedAt = time.GetUtcNow(), Total = 1 };
            var spec = new JobSpec { OrgId = "acme", AppVersionId = "ü1", TestPath = "a.spec.js" };
            await store.CommitAsync(
            [
                new Enqueue(run, [new NewJob("j-1", spec), new NewJob("j-2", spec)], time.GetUtcNow()),
                new Register("a1", "b1", "host", "1", Run.DefaultPool, [new DeviceOffer("d1", Target.Device, Platform.Android, "13", "Pixel 7", [], [])], time.GetUtcNow()),
            ], Cancel);
        }
        using var to = new MemoryStream();
        await new BackupWriter(to, time, "1.2.3").WriteAsync(journal.ExportAsync(Cancel), new RowTally("exported", _ => { }), Cancel);
        return (journal, Encoding.UTF8.GetString(to.ToArray()));
    }

    private async Task<BackupHeader> CheckAsync(string text)
    {
        await File.WriteAllTextAsync(file, text, Cancel);
        return await new BackupReader(file).CheckAsync(Cancel);
    }

    [Fact]
    public async Task Rows_come_back_as_they_were()
    {
        var (journal, text) = await WrittenAsync();
        var header = await CheckAsync(text);
        Assert.Equal((1, "1.2.3", journal.Head), (header.QgjobBackup, header.By, header.Head));
        var again = new ModelJournal();
        await again.ImportAsync(new BackupReader(file).PartsAsync(Cancel), Cancel);
        Assert.Equal(journal.Head, again.Head);
        using var second = new MemoryStream();
        await new BackupWriter(second, new FakeTimeProvider(header.MadeAt), "1.2.3").WriteAsync(again.ExportAsync(Cancel), new RowTally("", _ => { }), Cancel);
        Assert.Equal(text, Encoding.UTF8.GetString(second.ToArray()));
    }

    [Fact]
    public async Task Whatever_is_cut_off_is_noticed()
    {
        var (_, text) = await WrittenAsync();
        for (var length = 0; length < text.Length - 1; length += 1 + (text.Length / 97))
            await Assert.ThrowsAsync<BackupException>(() => CheckAsync(text[..length]));
        var lines = text.TrimEnd('\n').Split('\n');
        for (var left = 0; left < lines.Length; left++)
            await Assert.ThrowsAsync<BackupException>(() => CheckAsync(string.Join('\n', lines[..left].Concat(lines[(left + 1)..])) + "\n"));
    }

    [Fact]
    public async Task A_changed_value_is_noticed()
    {
        var (_, text) = await WrittenAsync();
        Assert.Contains("hash", (await Assert.ThrowsAsync<BackupException>(() => CheckAsync(text.Replace("a.spec.js", "b.spec.js", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_format_and_other_files_are_refused_by_name()
    {
        var (_, text) = await WrittenAsync();
        var later = text.Replace("\"qgjob_backup\":1", "\"qgjob_backup\":2", StringComparison.Ordinal);
        Assert.Contains("format 2", (await Assert.ThrowsAsync<BackupException>(() => CheckAsync(later))).Message, StringComparison.Ordinal);
        Assert.Contains("not a backup", (await Assert.ThrowsAsync<BackupException>(() => CheckAsync("{\"a\":1}\n{}\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("not a backup", (await Assert.ThrowsAsync<BackupException>(() => CheckAsync("hello"))).Message, StringComparison.Ordinal);
    }
}
