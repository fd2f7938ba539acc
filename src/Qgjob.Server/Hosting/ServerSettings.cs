using System.Globalization;
using System.Net;
using Qgjob.Core;
using Qgjob.Server.Auth;
using Qgjob.Server.Auth.Oidc;
using Qgjob.Server.Blobs.S3;
using Qgjob.Server.Notifications;

namespace Qgjob.Server.Hosting;

/// <summary>The server's settings, checked. Flag, else environment (<c>QGJOB_LEASE_TTL</c>), else <c>appsettings.json</c> (section <c>qgjob</c>).</summary>
internal sealed record ServerSettings
{
    public required string Store { get; init; }
    public required string DataFolder { get; init; }
    /// <summary>Blobs, or with a bucket what is being received.</summary>
    public required string BlobsFolder { get; init; }
    /// <summary>Where blobs are instead of in the folder.</summary>
    public S3Place? Bucket { get; init; }
    public required string Urls { get; init; }
    /// <summary>The token that was given; null when none was.</summary>
    public AccessToken? Token { get; init; }
    /// <summary>Whose OIDC tokens are taken; null: nobody's.</summary>
    public OidcSettings? Oidc { get; init; }
    public TimeSpan LeaseTtl { get; init; }
    public TimeSpan LeaseRenew { get; init; }
    public TimeSpan LeaseMargin { get; init; }
    public long MaxBuildBytes { get; init; }
    public long MaxBundleBytes { get; init; }
    public long MaxArtifactBytes { get; init; }
    public long MaxAttemptBytes { get; init; }
    public long MaxLogBytes { get; init; }
    /// <summary>Finished runs with all that belongs to them, and whatever nobody used for as long.</summary>
    public TimeSpan Keep { get; init; }
    /// <summary>Logs and artifacts of finished runs.</summary>
    public TimeSpan KeepFiles { get; init; }
    /// <summary>Room for blobs; null: no limit.</summary>
    public long? MaxDiskBytes { get; init; }
    /// <summary>Where people reach the server, without a slash at the end; null: nobody said.</summary>
    public string? PublicUrl { get; init; }
    /// <summary>Where notifications may go.</summary>
    public HookReach HookReach { get; init; }
    public string? PortFile { get; init; }
    public LogLevel LogLevel { get; init; }

    public static IReadOnlyList<(string Key, string Help)> Keys { get; } =
    [
        ("store", "sqlite:PATH or memory (default: SQLite in the data folder)"),
        ("data", "folder of everything kept (default: $XDG_DATA_HOME/qgjob or ~/.local/share/qgjob)"),
        ("blobs", "folder of builds, bundles, logs and artifacts, or s3://bucket/prefix?endpoint=…&region=… (default: blobs in the data folder)"),
        ("urls", "addresses to listen on (default: http://localhost:8000; port 0 takes a free one)"),
        ("token-file", "file with the token that calls must carry, or QGJOB_TOKEN (default: none on loopback; else made at the first start)"),
        ("oidc", "JSON file with the issuers of OIDC tokens (GitHub, GitLab, …) and what their bearers may do (default: none)"),
        ("lease-ttl", "a lease lasts so long without renewal (default: 60s)"),
        ("lease-renew", "agents renew so often (default: 20s)"),
        ("lease-margin", "agents stop by themselves so long before the end of a lease (default: 10s)"),
        ("max-build", "largest build (default: 4GiB)"),
        ("max-bundle", "largest test bundle (default: 512MiB)"),
        ("max-artifact", "largest artifact (default: 2GiB)"),
        ("max-attempt", "most of an attempt's artifacts together (default: 8GiB)"),
        ("max-log", "largest log of an attempt (default: 64MiB)"),
        ("keep", "finished runs are kept so long, and what nobody used meanwhile (default: 90d)"),
        ("keep-files", "their logs and artifacts are kept so long (default: 30d)"),
        ("max-disk", "room for blobs; beyond it the oldest logs and artifacts go first; or none (default: 20GB)"),
        ("public-url", "where people reach this server, for links in notifications (default: none, and no links)"),
        ("hook-targets", "where notifications may go: none, public addresses, private ones too, or loopback too (default: private; loopback where the server listens on nothing else)"),
        ("port-file", "file to write the address to when ready"),
        ("ready-file", "the same as --port-file"),
        ("log-level", "trace, debug, information, warning, error (default: warning)"),
    ];

    /// <exception cref="SettingsException">A key is unknown or its value cannot be used; the message names it.</exception>
    public static ServerSettings Read(IReadOnlyList<string> args, Func<string, string?> environment, IConfiguration file)
    {
        var flags = Flags(args);
        string? Text(string key) =>
            flags.TryGetValue(key, out var flag) ? flag
            : environment("QGJOB_" + key.Replace('-', '_').ToUpperInvariant()) is { Length: > 0 } variable ? variable
            : file[key] ?? file[key.Replace('-', '_')];
        TimeSpan Time(string key, string fallback) => Quantities.TryDuration(Text(key) ?? fallback, out var time) && time > TimeSpan.Zero && time <= TimeSpan.FromDays(1)
            ? time
            : throw new SettingsException(key, $"'{Text(key)}' is not a duration between 1ms and 24h, for instance 60s");
        TimeSpan Age(string key, string fallback) => Quantities.TryDuration(Text(key) ?? fallback, out var age) && age >= TimeSpan.FromHours(1)
            ? age
            : throw new SettingsException(key, $"'{Text(key)}' is not a duration of 1h or more, for instance 30d");
        long Bytes(string key, string fallback) => Quantities.TryBytes(Text(key) ?? fallback, out var bytes) && bytes > 0
            ? bytes
            : throw new SettingsException(key, $"'{Text(key)}' is not a size, for instance 512MiB");

        var data = Path.GetFullPath(Text("data") ?? DefaultDataFolder(environment));
        var blobs = Text("blobs") ?? Path.Combine(data, "blobs");
        var bucket = blobs.Contains("://", StringComparison.Ordinal) ? S3Place.Parse(blobs, environment) : null;
        var settings = new ServerSettings
        {
            Store = Text("store") ?? "sqlite:" + Path.Combine(data, "qgjob.db"),
            DataFolder = data,
            BlobsFolder = bucket is null ? Path.GetFullPath(blobs) : Path.Combine(data, "blobs"),
            Bucket = bucket,
            Urls = UrlsOf(Text("urls") ?? "http://localhost:8000"),
            Token = TokenOf(Text("token-file"), environment("QGJOB_TOKEN")),
            Oidc = Text("oidc") is { } oidc ? OidcSettings.Read(oidc) : null,
            LeaseTtl = Time("lease-ttl", "60s"),
            LeaseRenew = Time("lease-renew", "20s"),
            LeaseMargin = Time("lease-margin", "10s"),
            MaxBuildBytes = Bytes("max-build", "4GiB"),
            MaxBundleBytes = Bytes("max-bundle", "512MiB"),
            MaxArtifactBytes = Bytes("max-artifact", "2GiB"),
            MaxAttemptBytes = Bytes("max-attempt", "8GiB"),
            MaxLogBytes = Bytes("max-log", "64MiB"),
            Keep = Age("keep", "90d"),
            KeepFiles = Age("keep-files", "30d"),
            MaxDiskBytes = Text("max-disk") == "none" ? null : Bytes("max-disk", "20GB"),
            PublicUrl = PublicUrlOf(Text("public-url")),
            HookReach = Text("hook-targets") is not { } reach ? HookReach.Default
                : Words.TryParse<HookReach>(reach, out var known) && known != HookReach.Default ? known
                : throw new SettingsException("hook-targets", $"'{reach}' is not one of none, public, private, loopback"),
            PortFile = Text("port-file") ?? Text("ready-file"),
            LogLevel = Enum.TryParse<LogLevel>(Text("log-level") ?? "warning", ignoreCase: true, out var level) && Enum.IsDefined(level)
                ? level
                : throw new SettingsException("log-level", $"'{Text("log-level")}' is not one of trace, debug, information, warning, error"),
        };
        if (settings.LeaseRenew + settings.LeaseMargin >= settings.LeaseTtl)
            throw new SettingsException("lease-ttl", $"must be longer than lease-renew and lease-margin together ({settings.LeaseRenew + settings.LeaseMargin:g})");
        return settings;
    }

    private static string DefaultDataFolder(Func<string, string?> environment) => Path.Combine(
        environment("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(environment("HOME") ?? ".", ".local", "share"), "qgjob");

    /// <summary>There is no --token: the list of processes shows flags to everybody on the machine.</summary>
    private static AccessToken? TokenOf(string? file, string? variable)
    {
        if (file is null) return string.IsNullOrEmpty(variable) ? null : AccessToken.Of("QGJOB_TOKEN", variable);
        try
        {
            return AccessToken.Of("token-file", File.ReadAllText(file).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException("token-file", e.Message);
        }
    }

    private static string? PublicUrlOf(string? text)
    {
        if (text is null) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.Query.Length + url.Fragment.Length + url.UserInfo.Length > 0)
            throw new SettingsException("public-url", $"'{text}' is not an address such as https://qgjob.example.com");
        return url.AbsoluteUri.TrimEnd('/');
    }

    private static string UrlsOf(string text)
    {
        foreach (var url in text.Split(';'))
            if (!Uri.TryCreate(url.Replace("*", "any", StringComparison.Ordinal).Replace("+", "any", StringComparison.Ordinal), UriKind.Absolute, out var uri)
                || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/")
                throw new SettingsException("urls", $"'{url}' is not an address such as http://localhost:8000");
        // Kestrel takes any other name for "all addresses": far more than its owner meant.
        foreach (var host in text.Split(';').Select(url => url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..].TrimEnd('/')))
            if (!host.StartsWith("localhost", StringComparison.OrdinalIgnoreCase) && host[0] is not ('*' or '+') && !IPEndPoint.TryParse(host, out _))
                throw new SettingsException("urls", $"'{host}': give localhost, an IP address, or * for all addresses");
        // Kestrel cannot take a free port on both of localhost's addresses at once.
        return text.Replace("//localhost:0", "//127.0.0.1:0", StringComparison.OrdinalIgnoreCase);
    }

    private static Dictionary<string, string> Flags(IReadOnlyList<string> args)
    {
        var flags = new Dictionary<string, string>();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] ? (n, v) : (args[i], null);
            var key = name.StartsWith("--", StringComparison.Ordinal) ? name[2..] : throw new SettingsException(name, "flags start with --");
            if (!Keys.Any(k => k.Key == key)) throw new SettingsException(name, $"unknown; known: {string.Join(", ", Keys.Select(k => "--" + k.Key))}");
            flags[key] = value ?? (++i < args.Count ? args[i] : throw new SettingsException(name, "needs a value"));
        }
        return flags;
    }
}

/// <summary>A setting cannot be used.</summary>
internal sealed class SettingsException(string key, string problem) : Exception(string.Create(CultureInfo.InvariantCulture, $"{key}: {problem}"));
