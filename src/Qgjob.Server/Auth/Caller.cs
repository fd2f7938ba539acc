using System.Diagnostics;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth;

/// <summary>What a caller may do; each role includes those before it.</summary>
internal enum Role
{
    /// <summary>Nothing but the health of the server.</summary>
    Nobody,
    /// <summary>Read what is of its org.</summary>
    Viewer,
    /// <summary>Upload, submit and cancel for its org, too.</summary>
    Submitter,
    /// <summary>Everything, in every org: the server's token, or this machine where none is asked for.</summary>
    Owner,
}

/// <summary>Who calls.</summary>
/// <param name="Role">What it may do.</param>
/// <param name="OrgId">The only org that it sees; null: all.</param>
/// <param name="Name">What it is called where what it did is shown.</param>
internal sealed record Caller(Role Role, string? OrgId, string Name)
{
    public static Caller Owner { get; } = new(Role.Owner, null, "owner");

    public static Caller Nobody { get; } = new(Role.Nobody, "", "nobody");

    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new UnreachableException("AccessMiddleware lets nobody pass without saying who it is.");

    /// <summary>False for what belongs to another org.</summary>
    public bool Sees(string orgId) => OrgId is null || OrgId == orgId;

    /// <exception cref="RefusedException">403: it names an org that is not the caller's.</exception>
    public void RequireOrg(string orgId)
    {
        if (!Sees(orgId)) throw Forbidden($"It is about the org '{(orgId.Length > 200 ? orgId[..200] + "…" : orgId)}'.");
    }

    public RefusedException Forbidden(string why) => new(
        StatusCodes.Status403Forbidden, "Forbidden", $"This token may not do that. {why} The token makes its bearer a {Role.ToString().ToLowerInvariant()} of the org '{OrgId}'.");

    /// <summary>Lets handlers that show several orgs' things at once take who asks.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));
}
