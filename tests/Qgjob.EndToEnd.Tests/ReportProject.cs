namespace Qgjob.EndToEnd.Tests;

/// <summary>Thirty small spec files in which everything happens that a report has to tell.</summary>
internal sealed class ReportProject : IDisposable
{
    private const string Head = """
        import { test, expect } from 'appwright';
        const rest = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

        """;

    private static readonly Dictionary<string, string> Special = new()
    {
        // Runs into the job's limit: what is known of it was streamed before its process was killed.
        ["00-hangs"] = """
            test('ends before the limit', async () => {});
            test('never ends', async () => {
              test.setTimeout(0);
              await test.step('sits down', async () => {});
              for (;;) { console.log('still here'); await rest(0.5); }
            });
            """,
        // Its phone goes away in the second test.
        ["01-phone-dies"] = """
            test('needs no phone', async () => {});
            test('needs a phone for a while', async ({ device }) => {
              test.setTimeout(0);
              for (let i = 0; i < 20; i++) { await expect(device.getByText('Skip', { exact: true })).toBeVisible(); await rest(0.3); }
            });
            """,
        ["02-fails"] = """
            test.describe('a group', () => {
              test.describe('in a group', () => { test('fails <b>& "loudly"</b>', async () => { expect('this').toBe('that'); }); });
              test('passes beside it', async () => {});
            });
            test('passes beside it', async () => {});
            """,
        ["03-flaky"] = """
            test.describe.configure({ retries: 2 });
            test('passes at the second try', async () => {
              await test.info().attach('note', { body: `try ${test.info().retry}`, contentType: 'text/plain' });
              if (test.info().retry === 0) throw new Error('not yet');
            });
            """,
        ["04-times-out"] = "test('takes too long', async () => { test.setTimeout(1000); await rest(60); });\n",
        ["05-skips"] = """
            test.skip('is skipped', async () => {});
            test('is skipped with a reason', async () => { test.skip(true, 'the lab is closed'); });
            test('is expected to fail', async () => { test.fail(); throw new Error('as expected'); });
            test('runs', async () => {});
            """,
        ["06-does-not-load"] = "const = ;\n",
        ["07-serial"] = """
            test.describe.configure({ mode: 'serial' });
            test('breaks the row', async () => { throw new Error('broken'); });
            test('does not get its turn', async () => {});
            """,
        // Both in quarantine: the job passes, as its other test does.
        ["08-quarantined"] = """
            test('fails in quarantine', async () => { await test.step('pays', async () => { expect('the bank').toBe('there'); }); });
            test('passes in quarantine', async () => {});
            test('passes beside them', async () => {});
            """,
    };

    public const int Files = 30;

    public string Folder { get; } = Directory.CreateTempSubdirectory("qgjob-report-").FullName;

    public ReportProject()
    {
        foreach (var name in new[] { "package.json", "package-lock.json", "appwright.config.ts", "builds/todo-1.0.apk" })
        {
            var file = Path.Combine(Folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Copy(Path.Combine(Checkout.Todo, name), file);
        }
        Directory.CreateDirectory(Path.Combine(Folder, "tests"));
        foreach (var (name, body) in Special) Write(name, body);
        for (var i = Special.Count; i < Files; i++) Write($"{i:00}-passes", $"test('passes {i}', async () => {{ expect({i}).toBe({i}); }});\n");
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Write(string name, string body) => File.WriteAllText(Path.Combine(Folder, "tests", $"{name}.spec.js"), Head + body);
}
