using System.Globalization;
using System.Text;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell;

/// <summary>Runs shell lines on a phone. One per service call: folder and variables last as long.</summary>
internal sealed class ShellInterpreter(PhoneDevice phone)
{
    private const int NotFound = 127;

    private readonly Dictionary<string, string> variables = new()
    {
        ["HOME"] = "/",
        ["PATH"] = "/product/bin:/apex/com.android.runtime/bin:/system/bin:/vendor/bin",
        ["TMPDIR"] = "/data/local/tmp",
        ["EXTERNAL_STORAGE"] = "/sdcard",
        ["ANDROID_ROOT"] = "/system",
        ["ANDROID_DATA"] = "/data",
        ["USER"] = "shell",
    };

    private int last;
    private bool exit;

    public string Folder { get; set; } = "/";

    public bool Exited => exit;

    public IDictionary<string, string> Variables => variables;

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(string line, ShellIo io, CancellationToken cancel)
    {
        try
        {
            return last = await RunAsync(ShellParser.Parse(line), io, cancel);
        }
        catch (ShellSyntaxException ex)
        {
            phone.Tally.Unhandled("shell: " + line);
            await io.Error.WriteAsync($"/system/bin/sh: syntax error: {ex.Message}\n", cancel);
            return last = 1;
        }
    }

    public int Exit(int code)
    {
        exit = true;
        return code;
    }

    public int LastExitCode => last;

    private async Task<int> RunAsync(ShellNode node, ShellIo io, CancellationToken cancel)
    {
        switch (node)
        {
            case ShellNode.Simple simple:
                return last = await RunSimpleAsync(simple, io, cancel);
            case ShellNode.Sequence(var parts):
                foreach (var part in parts)
                {
                    await RunAsync(part, io, cancel);
                    if (exit)
                        break;
                }

                return last;
            case ShellNode.And(var left, var right):
                return await RunAsync(left, io, cancel) is 0 && !exit ? await RunAsync(right, io, cancel) : last;
            case ShellNode.Or(var left, var right):
                return await RunAsync(left, io, cancel) is not 0 && !exit ? await RunAsync(right, io, cancel) : last;
            case ShellNode.Not(var inner):
                return last = await RunAsync(inner, io, cancel) == 0 ? 1 : 0;
            case ShellNode.Pipe(var left, var right):
                // The left side runs to its end first: commands here are short, and none needs to see the other run.
                var kept = new KeptOutput();
                await RunAsync(left, io with { Output = kept }, cancel);
                return await RunAsync(right, io with { Input = new MemoryStream(kept.Bytes) }, cancel);
            case ShellNode.Group(var body, var redirects):
                return await RedirectedAsync(redirects, io, inner => RunAsync(body, inner, cancel), cancel);
            default:
                throw new InvalidOperationException($"No such shell node: {node}");
        }
    }

    private async Task<int> RunSimpleAsync(ShellNode.Simple simple, ShellIo io, CancellationToken cancel)
    {
        foreach (var (name, value) in simple.Assignments)
            variables[name] = string.Join(' ', await ExpandAsync(value, io, cancel));
        var words = new List<string>();
        foreach (var word in simple.Words)
            words.AddRange(await ExpandAsync(word, io, cancel));
        return await RedirectedAsync(simple.Redirects, io,
            inner => words.Count == 0 ? Task.FromResult(0) : CallAsync(words, inner, cancel), cancel);
    }

    private async Task<int> CallAsync(List<string> words, ShellIo io, CancellationToken cancel)
    {
        var name = words[0];
        if (name is "exec" or "command" && words.Count > 1 && !words[1].StartsWith('-'))
        {
            var code = await CallAsync(words[1..], io, cancel);
            return name == "exec" ? Exit(code) : code;
        }

        var known = name.StartsWith("/system/bin/", StringComparison.Ordinal) ? name["/system/bin/".Length..] : name;
        if (CommandTable.Find(known) is { } command)
            return await command(new ShellCall(phone, this, known, words[1..], io), cancel);
        phone.Tally.Unhandled("shell: " + string.Join(' ', words));
        await io.Error.WriteAsync($"/system/bin/sh: {name}: inaccessible or not found\n", cancel);
        return NotFound;
    }

    private async Task<int> RedirectedAsync(
        IReadOnlyList<Redirect> redirects, ShellIo io, Func<ShellIo, Task<int>> run, CancellationToken cancel)
    {
        var writes = new List<(string Path, KeptOutput Output)>();
        foreach (var redirect in redirects)
        {
            var target = string.Join(' ', await ExpandAsync(redirect.Target, io, cancel));
            if (redirect.Kind == RedirectKind.Duplicate)
            {
                io = (redirect.From, target) switch
                {
                    (2, "1") => io with { Error = io.Output },
                    (1, "2") => io with { Output = io.Error },
                    _ => io,
                };
                continue;
            }

            var path = PhoneFiles.Normalize(target, Folder);
            if (redirect.Kind == RedirectKind.Read)
            {
                var content = path == "/dev/null" ? [] : FileContent.Read(phone, path);
                if (content is null)
                {
                    await io.Error.WriteAsync($"/system/bin/sh: can't open {target}: No such file or directory\n", cancel);
                    return 1;
                }

                io = io with { Input = new MemoryStream(content) };
                continue;
            }

            if (path != "/dev/null" && !FileContent.MayWrite(phone, path))
            {
                await io.Error.WriteAsync($"/system/bin/sh: can't create {target}: Permission denied\n", cancel);
                return 1;
            }

            IShellOutput output = path == "/dev/null" ? new NoOutput() : new KeptOutput();
            if (output is KeptOutput kept)
            {
                if (redirect.Kind == RedirectKind.Append && FileContent.Read(phone, path) is { } before)
                    await kept.WriteAsync(before, cancel);
                writes.Add((path, kept));
            }

            io = redirect.From == 2 ? io with { Error = output } : io with { Output = output };
        }

        var code = await run(io);
        foreach (var (path, output) in writes)
            FileContent.Write(phone, path, output.Bytes);
        return code;
    }

    /// <summary>Fills variables in, splits what is not quoted at blanks, and matches * and ? against files.</summary>
    private async Task<List<string>> ExpandAsync(ShellWord word, ShellIo io, CancellationToken cancel)
    {
        var fields = new List<string>();
        var current = new StringBuilder();
        bool started = word.Parts.Count == 0, pattern = false;
        foreach (var part in word.Parts)
        {
            var text = part.Kind switch
            {
                ShellWord.PartKind.Text => part.Text,
                ShellWord.PartKind.Variable => Variable(part.Text),
                _ => await CaptureAsync(part.Command!, io, cancel),
            };
            pattern |= !part.Quoted && part.Kind == ShellWord.PartKind.Text && text.AsSpan().IndexOfAny('*', '?') >= 0;
            if (part.Quoted || part.Kind == ShellWord.PartKind.Text)
            {
                current.Append(text);
                started = true;
                continue;
            }

            var pieces = text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < pieces.Length; i++)
            {
                if (i > 0)
                {
                    fields.Add(current.ToString());
                    current.Clear();
                }

                current.Append(pieces[i]);
                started = true;
            }
        }

        if (started)
            fields.Add(current.ToString());
        if (pattern && fields is [var only] && FileContent.Match(phone, only, Folder) is { Count: > 0 } matches)
            return matches;
        return fields;
    }

    private string Variable(string name) => name switch
    {
        "?" => last.ToString(CultureInfo.InvariantCulture),
        "$" => "2000",
        "#" => "0",
        _ => variables.GetValueOrDefault(name, ""),
    };

    private async Task<string> CaptureAsync(ShellNode command, ShellIo io, CancellationToken cancel)
    {
        var kept = new KeptOutput();
        await RunAsync(command, io with { Output = kept }, cancel);
        return Encoding.UTF8.GetString(kept.Bytes).TrimEnd('\n');
    }
}
