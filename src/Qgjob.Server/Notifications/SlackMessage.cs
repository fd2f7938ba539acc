using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;

namespace Qgjob.Server.Notifications;

/// <summary>
/// What Slack's incoming webhooks take: blocks, and the same as one text, which Mattermost and notifications show. Words of
/// tests are shown as they are: they make no link, no mark-up, and call nobody.
/// </summary>
internal static class SlackMessage
{
    // Slack takes 3,000 characters a block and 50 blocks; its texts are best under 4,000.
    private const int LongestBlock = 2900;
    private const int LongestText = 3800;
    private const int MostTests = 10;
    private const int LongestTitle = 200;
    private const int LongestError = 200;

    public static string Of(HookEvent told)
    {
        var head = Head(told);
        var tests = told.Data.Tests ?? [];
        var lines = tests.Take(MostTests).Select(Line).ToList();
        var left = tests.Count - lines.Count + (told.Data.TestsLeftOut ?? 0);
        if (left > 0) lines.Add(string.Create(CultureInfo.InvariantCulture, $"… and {left} more"));
        var foot = Foot(told.Data);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("text", Joined([head, .. lines, foot], LongestText));
            json.WriteStartArray("blocks");
            Block(json, "section", head);
            foreach (var part in Parts(lines)) Block(json, "section", part);
            if (foot.Length > 0) Block(json, "context", foot);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static string Head(HookEvent told)
    {
        var data = told.Data;
        if (told.Type == HookEvents.Ping) return $":wave: qgjob can write here: hook *{Plain(data.Hook, LongestTitle)}* of {Plain(data.OrgId, LongestTitle)}.";
        var count = (data.Tests?.Count ?? 0) + (data.TestsLeftOut ?? 0);
        var where = data.Run!.Meta.TryGetValue(JudgedRun.BranchKey, out var branch) ? $" on *{Plain(branch, LongestTitle)}*" : "";
        return told.Type switch
        {
            HookEvents.FirstFailure => $":red_circle: *{Tests(count)} {(count == 1 ? "fails" : "fail")}*, not before{where}",
            HookEvents.Recovered => $":large_green_circle: *{Tests(count)} {(count == 1 ? "passes" : "pass")} again*{where}",
            _ => $"{(data.Run.ExitCode == 0 ? ":white_check_mark:" : ":x:")} Run *{Plain(data.Run.Status.Replace('_', ' '), LongestTitle)}*{where}: {Counts(data.Run)}",
        };
    }

    private static string Counts(RunView run)
    {
        var tests = run.Tests;
        var parts = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{tests.Passed} passed"), string.Create(CultureInfo.InvariantCulture, $"{tests.Failed} failed") };
        if (tests.Flaky > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{tests.Flaky} flaky"));
        if (tests.Quarantined > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{tests.Quarantined} failed in quarantine"));
        if (tests.Skipped > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{tests.Skipped} skipped"));
        if (run.Jobs.Error + run.Jobs.TimedOut > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{run.Jobs.Error + run.Jobs.TimedOut} of {run.Jobs.Total} files could not be tested"));
        return string.Join(", ", parts);
    }

    private static string Line(HookTest test)
    {
        var line = new StringBuilder("• *").Append(Plain(test.Title, LongestTitle)).Append("*  ")
            .Append(Plain(test.File, LongestTitle)).Append(CultureInfo.InvariantCulture, $":{test.Line}");
        if (test.Project is not null) line.Append("  [").Append(Plain(test.Project, 60)).Append(']');
        if (test.Owners.Count > 0) line.Append("  — ").Append(Plain(string.Join(' ', test.Owners), LongestTitle));
        if (test.FailedSince is { } since) line.Append(CultureInfo.InvariantCulture, $"\n> failed since {since:yyyy-MM-dd HH:mm} UTC");
        if (FirstLine(test.Error) is { Length: > 0 } error) line.Append("\n> ").Append(Plain(error, LongestError));
        return line.ToString();
    }

    private static string Foot(HookData data)
    {
        if (data.Run is not { } run) return "";
        var name = data.RunUrl is { } url ? $"<{url}|{run.RunId}>" : run.RunId;
        var foot = $"Run {name} of {Plain(data.OrgId, LongestTitle)}";
        if (data.AppVersionIds is { Count: > 0 } versions) foot += $" · {Plain(string.Join(", ", versions), LongestTitle)}";
        return run.Meta.TryGetValue("commit", out var commit) ? $"{foot} · {Plain(commit.Length > 12 ? commit[..12] : commit, 64)}" : foot;
    }

    private static string Tests(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "test" : "tests")}");

    private static string? FirstLine(string? text) => text?.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0);

    /// <summary>Lines joined to as few blocks as they fit in.</summary>
    private static IEnumerable<string> Parts(IEnumerable<string> lines)
    {
        var part = new StringBuilder();
        foreach (var line in lines)
        {
            if (part.Length > 0 && part.Length + line.Length >= LongestBlock)
            {
                yield return part.ToString();
                part.Clear();
            }
            if (part.Length > 0) part.Append('\n');
            part.Append(line);
        }
        if (part.Length > 0) yield return part.ToString();
    }

    /// <summary>As many whole lines as fit; the last one always.</summary>
    private static string Joined(List<string> lines, int most)
    {
        while (lines.Count > 2 && lines.Sum(l => l.Length + 1) > most) lines.RemoveAt(lines.Count - 2);
        return string.Join('\n', lines.Where(l => l.Length > 0));
    }

    private static void Block(Utf8JsonWriter json, string type, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        if (type == "context") json.WriteStartArray("elements");
        else json.WritePropertyName("text");
        json.WriteStartObject();
        json.WriteString("type", "mrkdwn");
        json.WriteString("text", text);
        json.WriteEndObject();
        if (type == "context") json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One line of somebody's words: cut, without mark-up, links or calls.</summary>
    internal static string Plain(string text, int most)
    {
        var plain = new StringBuilder();
        if (text.Length > most) text = text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)] + "…";
        for (var i = 0; i < text.Length; i++)
            switch (text[i])
            {
                case '&': plain.Append("&amp;"); break;
                case '<': plain.Append("&lt;"); break;
                case '>': plain.Append("&gt;"); break;
                // Characters that look like them and mean nothing: there is no other way to write these in mrkdwn.
                case '*': plain.Append('∗'); break;
                case '`': plain.Append('ˋ'); break;
                case '~': plain.Append('∼'); break;
                // Within a word it is one.
                case '_' when i == 0 || i + 1 == text.Length || !char.IsLetterOrDigit(text[i - 1]) || !char.IsLetterOrDigit(text[i + 1]): plain.Append('_').Append(WordJoiner); break;
                case '@' when CallsAll.Any(c => text.AsSpan(i + 1).StartsWith(c, StringComparison.OrdinalIgnoreCase)): plain.Append('@').Append(WordJoiner); break;
                case var c when char.IsControl(c): plain.Append(' '); break;
                case var c: plain.Append(c); break;
            }
        return plain.ToString();
    }

    private const char WordJoiner = '\u2060';
    // Mattermost would call everybody.
    private static readonly string[] CallsAll = ["here", "channel", "all", "everyone"];
}
