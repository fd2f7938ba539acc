using System.Globalization;
using System.Net;
using System.Text;
using Qgjob.Lifecycle.Wire;

namespace Qgjob.Lifecycle.Load;

/// <summary>Jobs that wait for emulators, all of which are at work: the working devices cannot take them, but every decision passes them.</summary>
internal static class Backlog
{
    private const int Orgs = 50;
    private const int Connections = 4;

    public static async Task SubmitAsync(IPEndPoint server, int jobs, int groups, CancellationToken cancel)
    {
        var each = Math.Max(1, jobs / groups);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            using var link = await HttpLink.OpenAsync(server, cancel);
            int group;
            while ((group = Interlocked.Increment(ref next)) < groups)
                (await link.PostAsync("/api/v1/runs", Submission(group, each), cancel)).Expect(201);
        }));
    }

    private static string Submission(int group, int jobs)
    {
        var json = new StringBuilder();
        json.Append(CultureInfo.InvariantCulture, $$"""{"org_id":"org-{{group % Orgs}}","app_version_id":"late-{{group}}","target":"emulator","tests":[""");
        for (var i = 0; i < jobs; i++) json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"\"tests/suite/case_{i}.spec.ts\"");
        return json.Append("]}").ToString();
    }
}
