using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Auth;

/// <summary>The one token that opens the server. Only its SHA-256 is kept: 32 random bytes cannot be guessed from it.</summary>
internal sealed class AccessToken
{
    /// <summary>A token of one's own is at least so long; shorter ones can be tried out.</summary>
    public const int LeastLength = 16;

    private const int RandomBytes = 32;
    private readonly byte[] hash;

    private AccessToken(byte[] hash) => this.hash = hash;

    /// <summary>Takes the same time for every wrong token.</summary>
    public bool Matches(string token) => CryptographicOperations.FixedTimeEquals(Hash(token), hash);

    /// <exception cref="SettingsException">It is too short, or cannot be sent in a header.</exception>
    public static AccessToken Of(string key, string token) =>
        token.Length >= LeastLength && token.All(c => c is > ' ' and <= '~')
            ? new AccessToken(Hash(token))
            : throw new SettingsException(key, $"a token has at least {LeastLength} letters, digits or signs, without spaces; 'openssl rand -hex 32' makes one");

    /// <summary>The token that an earlier start made, else a new one, told once.</summary>
    /// <param name="file">Keeps the hash; replicas that share the folder share the token.</param>
    /// <param name="tell">Gets the new token.</param>
    public static AccessToken Ensure(string file, Action<string> tell)
    {
        if (Read(file) is { } kept) return kept;
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        // Whole or absent, and never anybody else's to read.
        var draft = $"{file}.{Environment.ProcessId}.draft";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var writer = new StreamWriter(draft, Encoding.ASCII, options)) writer.Write(Convert.ToHexStringLower(Hash(token)) + "\n");
        try
        {
            File.Move(draft, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another server on this folder was quicker, and has told its token.
            File.Delete(draft);
            return Read(file)!;
        }
        tell(token);
        return new AccessToken(Hash(token));
    }

    private static AccessToken? Read(string file)
    {
        if (!File.Exists(file)) return null;
        try
        {
            if (Convert.FromHexString(File.ReadAllText(file).Trim()) is { Length: SHA256.HashSizeInBytes } kept) return new AccessToken(kept);
        }
        catch (FormatException)
        {
            // Said below.
        }
        throw new SettingsException("token", $"{file} holds no hash of a token; delete it, and the next start makes a new token");
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
