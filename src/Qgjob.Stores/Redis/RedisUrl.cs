using System.Globalization;

namespace Qgjob.Stores.Redis;

/// <summary>A Redis store's address: <c>redis://user:password@host:port,host:port/database?prefix=NAME</c>.</summary>
internal sealed record RedisUrl(bool Tls, string? User, string? Password, IReadOnlyList<(string Host, int Port)> Hosts, int Database, string? Prefix)
{
    private const string Example = "redis://user:password@host:6379/0?prefix=NAME (rediss:// for TLS)";

    /// <summary>For people: without the password.</summary>
    public string Name { get; } = $"{(Tls ? "rediss" : "redis")}://{string.Join(',', Hosts.Select(h => h.Host.Contains(':') ? $"[{h.Host}]:{h.Port}" : $"{h.Host}:{h.Port}"))}/{Database}{(Prefix is null ? "" : $"?prefix={Prefix}")}";

    /// <exception cref="StoreOpenException">It is not such an address; the message does not repeat it, as it may hold a password.</exception>
    public static RedisUrl Parse(string url)
    {
        var tls = url.StartsWith("rediss://", StringComparison.Ordinal);
        var rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var (main, query) = Cut(rest, rest.IndexOf('?'));
        var (at, path) = Cut(main, main.IndexOf('/', Math.Max(0, main.LastIndexOf('@'))));
        var (user, password) = ((string?)null, (string?)null);
        if (at.LastIndexOf('@') is >= 0 and var end)
        {
            var names = at[..end].Split(':', 2);
            user = names[0].Length > 0 ? Uri.UnescapeDataString(names[0]) : null;
            password = names.Length > 1 ? Uri.UnescapeDataString(names[1]) : null;
            at = at[(end + 1)..];
        }
        var database = 0;
        if (path is { Length: > 0 } && !int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out database))
            throw new StoreOpenException($"The database of a Redis store is a number: write {Example}.");
        string? prefix = null;
        foreach (var parameter in query?.Split('&', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var (key, value) = Cut(parameter, parameter.IndexOf('='));
            if (key != "prefix") throw new StoreOpenException($"A Redis store has no parameter '{key}'; known: prefix.");
            prefix = Uri.UnescapeDataString(value ?? "");
            if (prefix.Length is 0 or > 64 || !prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                throw new StoreOpenException("The prefix of a Redis store is 1 to 64 letters, digits, '-', '_' or '.'.");
        }
        return new RedisUrl(tls, user, password, [.. at.Split(',').Select(Host)], database, prefix);
    }

    private static (string Host, int Port) Host(string text)
    {
        var colon = text.LastIndexOf(':');
        if (text.StartsWith('[') && text.EndsWith(']')) colon = -1;
        var port = 6379;
        var host = (colon < 0 ? text : text[..colon]).Trim('[', ']');
        if (host.Length == 0 || (colon >= 0 && (!int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65535)))
            throw new StoreOpenException($"The store's address has no valid host and port: write {Example}; percent-encode '@', ':', '/' and '?' in a password.");
        return (Uri.UnescapeDataString(host), port);
    }

    private static (string Before, string? After) Cut(string text, int at) => at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
}
