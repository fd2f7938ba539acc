using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

/// <summary>Gives OIDC tokens as GitHub does: discovery and keys over HTTP on loopback, tokens signed here.</summary>
internal sealed class LocalIssuer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private RSA rsa = RSA.Create(2048);

    private LocalIssuer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/.well-known/openid-configuration", () => Down ? Results.StatusCode(500) : Results.Json(new { issuer = Named ?? Address, jwks_uri = KeysAt ?? Address + "/jwks" }));
        app.MapGet("/jwks", () =>
        {
            Asked++;
            return Results.Text(Keys(), "application/json");
        });
    }

    public string Address => app.Urls.First();
    public string Kid { get; private set; } = "key-1";
    public bool Down { get; set; }
    public string? Named { get; set; }
    public string? KeysAt { get; set; }
    public int Asked { get; private set; }

    public static async Task<LocalIssuer> StartAsync()
    {
        var issuer = new LocalIssuer();
        await issuer.app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    public void Rotate(string kid)
    {
        rsa.Dispose();
        rsa = RSA.Create(2048);
        Kid = kid;
    }

    public static string Token(object header, Dictionary<string, object?> claims, Func<byte[], byte[]> sign)
    {
        var text = Part(header) + "." + Part(claims);
        return text + "." + Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)));
    }

    public string Token(Dictionary<string, object?> claims) => Token(new { alg = "RS256", typ = "JWT", kid = Kid }, claims, Rsa);

    public byte[] Rsa(byte[] text) => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public byte[] Curve(byte[] text) => curve.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>What a naive verifier takes for an HMAC key: the public key that everybody knows.</summary>
    public byte[] Confused(byte[] text) => HMACSHA256.HashData(rsa.ExportSubjectPublicKeyInfo(), text);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(TestContext.Current.CancellationToken);
        await app.DisposeAsync();
        rsa.Dispose();
        curve.Dispose();
    }

    private static string Part(object json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));

    private string Keys()
    {
        var r = rsa.ExportParameters(false);
        var c = curve.ExportParameters(false);
        return JsonSerializer.Serialize(new
        {
            keys = new object[]
            {
                new { kty = "RSA", use = "sig", alg = "RS256", kid = Kid, n = Base64Url.EncodeToString(r.Modulus), e = Base64Url.EncodeToString(r.Exponent) },
                new { kty = "EC", use = "sig", crv = "P-256", kid = "curve", x = Base64Url.EncodeToString(c.Q.X), y = Base64Url.EncodeToString(c.Q.Y) },
                new { kty = "oct", kid = "secret", k = Base64Url.EncodeToString(new byte[32]) },
            },
        });
    }
}
