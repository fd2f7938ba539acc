using System.Globalization;
using Npgsql;

namespace Qgjob.Stores.Postgres;

/// <summary><c>postgres://user:password@host:port/database?…</c>, read once.</summary>
/// <param name="Settings">How to connect; has the password.</param>
/// <param name="Schema">The schema of our tables.</param>
/// <param name="Pool">Connections for queries, at most.</param>
/// <param name="Hints">Other servers are told of commits; without, they look once a second.</param>
internal sealed record PostgresUrl(NpgsqlConnectionStringBuilder Settings, string Schema, int Pool, bool Hints)
{
    private const string Known = "sslmode, sslrootcert, schema, host, application_name, pool, hints";

    /// <summary>For people: has no password.</summary>
    public string Name => $"PostgreSQL {Settings.Host}:{Settings.Port}/{Settings.Database}" + (Schema == "qgjob" ? "" : $" (schema {Schema})");

    /// <exception cref="StoreOpenException">Not such a URL. The message never repeats what may be a password.</exception>
    public static PostgresUrl Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql"))
            throw new StoreOpenException(
                "The store's URL cannot be read; write postgres://user:password@host:port/database, with characters such as @ : / ? # in user or password percent-encoded (@ is %40).");
        var user = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Length > 0 ? Uri.UnescapeDataString(uri.Host.Trim('[', ']')) : "localhost",
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            ApplicationName = "qgjob",
        };
        if (user[0].Length > 0) settings.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) settings.Password = Uri.UnescapeDataString(user[1]);
        if (settings.Database.Length == 0)
            throw new StoreOpenException($"The store's URL names no database; write postgres://…{settings.Host}:{settings.Port}/DATABASE.");
        var result = new PostgresUrl(settings, "qgjob", 8, true);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = pair.Split('=', 2)[0];
            result = result.With(name, Uri.UnescapeDataString(pair[Math.Min(name.Length + 1, pair.Length)..]));
        }
        return result;
    }

    private PostgresUrl With(string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                Settings.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "allow" => SslMode.Allow,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw Wrong(name, "disable, allow, prefer, require, verify-ca or verify-full"),
                };
                return this;
            case "sslrootcert": Settings.RootCertificate = value; return this;
            case "host": Settings.Host = value; return this;
            case "application_name": Settings.ApplicationName = value; return this;
            case "schema":
                return value.Length is > 0 and < 60 && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') && !char.IsAsciiDigit(value[0])
                    ? this with { Schema = value }
                    : throw Wrong(name, "a name of lower-case letters, digits and _");
            case "pool":
                return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var pool) && pool is >= 1 and <= 100
                    ? this with { Pool = pool }
                    : throw Wrong(name, "a number from 1 to 100");
            case "hints":
                return value is "on" or "off" ? this with { Hints = value == "on" } : throw Wrong(name, "on or off");
            default:
                throw new StoreOpenException($"The store's URL has the unknown parameter '{name}'; known are {Known}.");
        }
    }

    private static StoreOpenException Wrong(string name, string expected) => new($"In the store's URL, {name} must be {expected}.");
}
