using Qgjob.Agent.BrowserStack;
using Qgjob.BrowserStack;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>A stand-in for BrowserStack with phones that follow a script, and the agent's parts that speak to it.</summary>
internal sealed class Cloud : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-cloud-").FullName;
    private readonly List<IDisposable> parts = [];

    public ScriptedPhones Phones { get; } = new();

    public StandIn StandIn { get; private set; } = null!;

    public HurriedTime Time { get; } = new();

    public string Folder => folder;

    public static DeviceModel Pixel7 { get; } = new("Google Pixel 7", "13.0", Platform.Android);

    public static async Task<Cloud> StartAsync(int parallels = 2)
    {
        var cloud = new Cloud();
        cloud.StandIn = await StandIn.StartAsync(new StandInOptions { Folder = cloud.folder, Parallels = parallels }, cloud.Phones, TimeProvider.System, TestContext.Current.CancellationToken);
        return cloud;
    }

    /// <summary>Waits for what the stand-in, a real server, and those who call it bring about.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds()) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
    }

    public BrowserStackAccount Account(string key = StandIn.Key) => BrowserStackAccount.FromEnvironment(name => name switch
    {
        BrowserStackAccount.UserVariable => StandIn.User,
        BrowserStackAccount.KeyVariable => key,
        BrowserStackAccount.UrlVariable => StandIn.Url,
        _ => null,
    });

    public BrowserStackClient Client(string key = StandIn.Key) => Kept(new BrowserStackClient(Account(key), Time));

    public CloudHub Hub(string key = StandIn.Key) => Kept(new CloudHub(Account(key), Time));

    /// <summary>A file that could be a build.</summary>
    public Qgjob.Agent.Installs.BuildFile Build(string content = "apk")
    {
        var file = Path.Combine(folder, $"{content}.apk");
        File.WriteAllText(file, content);
        return new Qgjob.Agent.Installs.BuildFile(file, content, "com.a");
    }

    public static CloudWish Wish(string app) => new(Pixel7, app, "acme", "1.0 r-1", "tests/a.spec.ts (j-1, attempt 1)", Video: true, Local: false, null);

    public async ValueTask DisposeAsync()
    {
        foreach (var part in parts) part.Dispose();
        await StandIn.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private T Kept<T>(T part) where T : IDisposable
    {
        parts.Add(part);
        return part;
    }
}
