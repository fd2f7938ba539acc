using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Server.Notifications;

/// <summary>Signs as the Standard Webhooks specification says: HMAC-SHA256 over id, time and body.</summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";
    private const int NewBytes = 32;

    public static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(NewBytes));

    /// <summary>The key's bytes; null when it is none.</summary>
    public static byte[]? KeyOf(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal) || secret.Length > 200) return null;
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var length) && length is >= 24 and <= 64 ? bytes[..length] : null;
    }

    /// <summary>The value of <c>webhook-signature</c>.</summary>
    public static string Of(string secret, string id, long timestamp, string body)
    {
        var signed = string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.{body}");
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(KeyOf(secret)!, Encoding.UTF8.GetBytes(signed)));
    }
}
