using System.Net;
using Qgjob.Server.Auth.Oidc;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth;

/// <summary>Lets in who may call, and says who it is. Health is open to everybody: load balancers have no token, and it tells nothing.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, Access access, OidcAccess oidc)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path == "/healthz" || context.Request.Path == "/readyz") return PassAsync(context, Caller.Nobody);
        if (access.Token is null)
        {
            RequireThisMachine(context);
            return PassAsync(context, Caller.Owner);
        }
        var given = TokenOf(context.Request);
        if (given is not null && access.Token.Matches(given)) return PassAsync(context, Caller.Owner);
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"qgjob\"";
        return given is not null && oidc.IsOn && OidcAccess.LooksLikeOne(given) ? AdmitAsync(context, given) : throw Refused(given);
    }

    private Task PassAsync(HttpContext context, Caller caller)
    {
        context.Features.Set(caller);
        return next(context);
    }

    private async Task AdmitAsync(HttpContext context, string token)
    {
        var caller = await oidc.AdmitAsync(token, context.RequestAborted);
        context.Response.Headers.WWWAuthenticate = default;
        await PassAsync(context, caller);
    }

    private static string? TokenOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    private static RefusedException Refused(string? given) => new(StatusCodes.Status401Unauthorized, "Unauthorized", given is null
        ? "This server asks for a token. Send it as 'Authorization: Bearer TOKEN'; qgjob takes it from --token or QGJOB_TOKEN."
        : "This is not the server's token. It was shown at the server's first start; deleting token.sha256 in its data folder makes a new one."
            + (!OidcAccess.LooksLikeOne(given) ? "" : " A CI system's OIDC token is taken only by a server that was started with --oidc FILE."));

    /// <summary>
    /// A page of another site can make its own name mean 127.0.0.1 (DNS rebinding) and would then speak to this server
    /// as its own; but its name stays in the Host header.
    /// </summary>
    private static void RequireThisMachine(HttpContext context)
    {
        // Whatever else made the web server listen: without a token only this machine gets in.
        if (context.Connection.LocalIpAddress is { } address && !IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
            throw new RefusedException(StatusCodes.Status401Unauthorized, "Unauthorized",
                "This server has no token, so it answers on loopback only. Start it with --urls http://*:8000, and it makes one.");
        var host = context.Request.Host.Host;
        if (host.Length > 0 && !Access.IsLoopbackHost(host))
            throw new RefusedException(StatusCodes.Status421MisdirectedRequest, "Misdirected request",
                "This server has no token, so it answers to localhost and loopback addresses only. To give it another name, start it with a token: --token-file FILE.");
    }
}
