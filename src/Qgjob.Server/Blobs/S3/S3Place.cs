using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Blobs.S3;

/// <summary>A bucket, or a part of one: <c>s3://bucket/prefix?endpoint=http://host:9000&amp;region=eu-central-1&amp;path_style=true</c>.</summary>
/// <param name="Bucket">Its name.</param>
/// <param name="Prefix">Empty, or ends in <c>/</c>.</param>
/// <param name="Endpoint">Of another store than Amazon's; null for Amazon's.</param>
/// <param name="Region">The region's name; goes into signatures.</param>
/// <param name="PathStyle">The bucket is a part of the path, not of the host's name.</param>
internal sealed record S3Place(string Bucket, string Prefix, Uri? Endpoint, string Region, bool PathStyle)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    public override string ToString() => $"s3://{Bucket}/{Prefix}{(Endpoint is null ? $" in {Region}" : $" at {Endpoint.GetLeftPart(UriPartial.Authority)}")}";

    /// <exception cref="SettingsException">It cannot be used. What might be a secret is not repeated.</exception>
    public static S3Place Parse(string text, Func<string, string?> environment)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != "s3")
            throw Wrong("give a folder, or s3://bucket/prefix?endpoint=…&region=…");
        if (uri.UserInfo.Length > 0) throw Wrong("credentials do not belong into the address; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        // From the text: a Uri's host is lower case, and a bucket's name must be.
        var bucket = text["s3://".Length..].Split('/', '?')[0];
        if (bucket.Length is < 3 or > 63 || !bucket.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
            throw Wrong($"'{bucket}' is no name of a bucket: 3 to 63 lower-case letters, digits, '-' and '.'");
        var prefix = Uri.UnescapeDataString(uri.AbsolutePath).Trim('/');
        if (prefix.Length > 200 || prefix.Split('/').Any(p => p is "." or ".." || (p.Length == 0 && prefix.Length > 0)) || prefix.Any(char.IsControl)) throw Wrong("the prefix must be plain names joined by '/', at most 200 characters");
        var more = Query(uri.Query);
        Uri? endpoint = null;
        if (more.Remove("endpoint", out var address)
            && !(Uri.TryCreate(address, UriKind.Absolute, out endpoint) && endpoint.Scheme is "http" or "https" && endpoint.UserInfo.Length == 0 && endpoint.PathAndQuery == "/"))
            throw Wrong("endpoint must be an address such as http://minio:9000");
        var region = more.Remove("region", out var named) ? named : environment("AWS_REGION") ?? environment("AWS_DEFAULT_REGION") ?? "us-east-1";
        var style = more.Remove("path_style", out var asked) ? asked : endpoint is null ? "false" : "true";
        if (style is not ("true" or "false")) throw Wrong("path_style must be true or false");
        if (more.Count > 0) throw Wrong($"'{more.Keys.First()}' is unknown; known: endpoint, region, path_style");
        return new S3Place(bucket, prefix.Length == 0 ? "" : prefix + "/", endpoint, region, style == "true");
    }

    public AmazonS3Client Connect()
    {
        var config = new AmazonS3Config { AuthenticationRegion = Region, ForcePathStyle = PathStyle, Timeout = CallLimit, ConnectTimeout = ConnectLimit };
        if (Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region);
        }
        else
        {
            config.ServiceURL = Endpoint.ToString();
            // Newer checksums are not known to every store; signatures cover what is sent all the same.
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        }
        return new AmazonS3Client(config);
    }

    private static Dictionary<string, string> Query(string query)
    {
        var found = new Dictionary<string, string>();
        foreach (var pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            found[Uri.UnescapeDataString(parts[0])] = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
        }
        return found;
    }

    private static SettingsException Wrong(string problem) => new("blobs", problem);
}
