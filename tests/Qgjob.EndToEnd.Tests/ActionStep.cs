using System.Text.RegularExpressions;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A step of GitHub Actions that runs the action's script, with the files and variables that the runner gives it.</summary>
internal sealed class ActionStep : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-step-").FullName;
    private readonly Dictionary<string, string> environment;

    /// <param name="url">The server.</param>
    /// <param name="project">The project, in the repository's folder.</param>
    /// <param name="settings">Further QGJOB_CI_ variables.</param>
    public ActionStep(string url, string project, params (string Name, string Value)[] settings)
    {
        environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{Path.GetDirectoryName(Checkout.Qgjob)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["QGJOB_URL"] = url,
            ["GITHUB_ACTIONS"] = "true",
            ["GITHUB_OUTPUT"] = Made("output"),
            ["GITHUB_STEP_SUMMARY"] = Made("summary"),
            ["GITHUB_ENV"] = Made("env"),
            ["GITHUB_PATH"] = Made("path"),
            ["GITHUB_WORKSPACE"] = Path.GetDirectoryName(project)!,
            ["GITHUB_REPOSITORY"] = "acme/shop",
            ["GITHUB_WORKFLOW"] = "AppWright tests",
            ["GITHUB_JOB"] = "appwright",
            ["GITHUB_REF_TYPE"] = "branch",
            // A branch may be called so.
            ["GITHUB_REF"] = "refs/heads/$(touch${IFS}pwned)`touch${IFS}pwned`;::error::forged",
            ["GITHUB_REF_NAME"] = "$(touch${IFS}pwned)`touch${IFS}pwned`;::error::forged",
            ["GITHUB_ACTOR"] = "o'brien",
            ["GITHUB_RUN_ID"] = "4711",
            ["QGJOB_CI_DEFAULT_BRANCH"] = "main",
            ["QGJOB_CI_ORG"] = "acme",
            ["QGJOB_CI_APP_VERSION"] = "todo-1.0",
            ["QGJOB_CI_APP"] = Path.Combine(project, "builds", "todo-1.0*.apk"),
            ["QGJOB_CI_PROJECT"] = project,
            ["QGJOB_CI_SUPERSEDE"] = "off",
            ["QGJOB_CI_REPORTS"] = Path.Combine(folder, "reports"),
        };
        foreach (var (name, value) in settings) environment[name.StartsWith("QGJOB", StringComparison.Ordinal) ? name : "QGJOB_CI_" + name] = value;
    }

    public string Summary => File.ReadAllText(Path.Combine(folder, "summary"));

    /// <summary>What shells would have made of the branch's name.</summary>
    public bool Pwned => Directory.EnumerateFiles(folder, "pwned", SearchOption.AllDirectories).Any();

    public Program Start() => Program.Start(Path.Combine(Checkout.Root, "ci", "qgjob-ci.sh"), folder, environment);

    public async Task<Ended> RunAsync()
    {
        await using var program = Start();
        return await program.EndAsync(Lab.Patience);
    }

    /// <summary>The outputs as the runner reads them.</summary>
    public Dictionary<string, string> Outputs()
    {
        var outputs = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = File.ReadAllLines(Path.Combine(folder, "output"));
        for (var i = 0; i < lines.Length; i++)
        {
            var begin = Regex.Match(lines[i], "^([a-z-]+)<<(.+)$");
            if (!begin.Success) throw new FormatException($"no output begins with: {lines[i]}");
            var value = lines.Skip(i + 1).TakeWhile(l => l != begin.Groups[2].Value).ToList();
            outputs.Add(begin.Groups[1].Value, string.Join('\n', value));
            i += value.Count + 1;
        }
        return outputs;
    }

    /// <summary>The workflow commands that the runner would obey: those outside of stopped parts.</summary>
    public static List<string> Commands(Ended ended)
    {
        var obeyed = new List<string>();
        string? stopped = null;
        foreach (var line in ended.Out.Split('\n').Select(l => l.TrimStart()))
            if (stopped is not null)
            {
                if (line == $"::{stopped}::") stopped = null;
            }
            else if (line.StartsWith("::stop-commands::", StringComparison.Ordinal)) stopped = line["::stop-commands::".Length..];
            else if (line.StartsWith("::", StringComparison.Ordinal)) obeyed.Add(line);
        return obeyed;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Made(string name)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, "");
        return file;
    }
}
