namespace Qgjob.Server.Auth;

/// <summary>Where a request says which org it is about.</summary>
internal enum OrgFrom
{
    /// <summary>It is about none, or the handler shows each caller its own part.</summary>
    Nothing,
    /// <summary><c>{org}</c> in the path.</summary>
    Path,
    /// <summary><c>org_id</c> in the query; set to the caller's own when it is left out.</summary>
    Query,
    /// <summary><c>org_id</c> in the body; checked where submissions are.</summary>
    Body,
    /// <summary>The job of <c>{job_id}</c> in the path.</summary>
    Job,
    /// <summary>The run of <c>{run_id}</c> in the path.</summary>
    Run,
}

/// <summary>Who may call an endpoint. An endpoint without one is for the owner alone.</summary>
internal sealed record Permit(Role Least, OrgFrom Org);

internal static class PermitExtensions
{
    public static T Permit<T>(this T endpoint, Role least, OrgFrom org) where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new Permit(least, org));
}
