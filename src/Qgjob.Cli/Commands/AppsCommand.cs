using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Submission;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class AppsCommand
{
    public static Command Create(Bind bind) =>
        new("apps", "App versions and their builds") { Upload(bind), List(bind), Show(bind) };

    private static Option<string?> Org() => new("--org-id") { Description = "The org (QGJOB_ORG)", HelpName = "ORG" };

    private static Command Upload(Bind bind)
    {
        var file = new Argument<string>("file") { Description = "The build: an .apk file" };
        var org = Org();
        var version = new Option<string>("--app-version-id") { Description = "The app version's name", HelpName = "VERSION", Required = true };
        var command = new Command("upload", "Uploads a build; does nothing when the server has the same bytes") { file, org, version };
        bind(command, async (call, cancel) =>
        {
            var stored = await BuildUpload.EnsureAsync(call, call.Org(org), Call.Name("app version", call.Value(version)!), call.Value(file)!, cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("build", stored, WireJson.Default.BuildStored);
            else call.Out.WriteLine($"{(stored.Created ? "uploaded" : "was there already")}: {stored.AppVersionId} {Words.Of(stored.Build.Platform)} {stored.Build.PackageId} {stored.Build.Sha256}");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command List(Bind bind)
    {
        var org = Org();
        var limit = new Option<int>("--limit") { Description = "How many to show at most, 1 to 500", HelpName = "N", DefaultValueFactory = _ => 50 };
        var cursor = new Option<string?>("--cursor") { Description = "Go on where an earlier list ended", HelpName = "CURSOR" };
        var command = new Command("list", "Lists app versions, newest first") { org, limit, cursor };
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListAppVersionsAsync(call.OrgOrNull(org), call.Value(limit), call.Value(cursor), cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("app_versions", list, WireJson.Default.ListOfAppVersionView);
            else
            {
                Columns.Write(call, ["APP VERSION", "ORG", "AGE", "BUILDS"], list.Items.Select(v => (IReadOnlyList<string?>)
                    [v.AppVersionId, v.OrgId, Durations.Show(call.Now - v.CreatedAt), string.Join(", ", v.Builds.Select(b => $"{Words.Of(b.Platform)} {b.PackageId} {b.VersionName}"))]));
                if (list.Items.Count == 0) call.Err.WriteLine("No app version is known. The first submission or 'qgjob apps upload' makes one.");
                if (list.Next is not null) call.Err.WriteLine($"There are more: add --cursor {list.Next}");
            }
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Show(Bind bind)
    {
        var version = new Argument<string>("app-version-id") { Description = "The app version" };
        var org = Org();
        var command = new Command("show", "Shows an app version and its builds") { version, org };
        bind(command, async (call, cancel) =>
        {
            var (orgId, id) = (call.Org(org), call.Value(version)!);
            var found = await call.Client.FindAppVersionAsync(orgId, id, cancel).ConfigureAwait(false)
                ?? throw CliException.Unknown("app version", $"{id} of {orgId}", "'qgjob apps list' shows them.");
            if (call.Json) call.WriteJson("app_version", found, WireJson.Default.AppVersionView);
            else
                Columns.Write(call, ["PLATFORM", "PACKAGE", "VERSION", "BYTES", "FILE", "SHA-256"], found.Builds.Select(b => (IReadOnlyList<string?>)
                    [Words.Of(b.Platform), b.PackageId, b.VersionName, $"{b.SizeBytes}", b.FileName, b.Sha256]));
            return ExitCode.Passed;
        });
        return command;
    }
}
