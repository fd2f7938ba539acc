using Microsoft.AspNetCore.OpenApi;
using Qgjob.Server.Auth;
using Qgjob.Server.Hosting;
using Scalar.AspNetCore;

namespace Qgjob.Server.Pages;

/// <summary>The API's description for programs (OpenAPI) and for people (Scalar).</summary>
internal static class ApiDocument
{
    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info.Title = "qgjob";
        document.Info.Version = ServerHost.Version;
        document.Info.Description = "Runs AppWright end-to-end tests of mobile apps on whatever devices a team has.";
        // Wherever the document is read, it is about the server that it came from.
        document.Servers?.Clear();
        return Task.CompletedTask;
    });

    public static void MapApiDocument(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi().Permit(Role.Viewer, OrgFrom.Nothing);
        // The package's own offers (chat, hosting, sharing, SDKs, counting of visits) lead away from this server.
        routes.MapScalarApiReference("/scalar", options => options.WithTitle("qgjob API")
            .DisableDefaultFonts().DisableAgent().DisableMcp().DisableTelemetry().HideDeveloperTools().HideClientButton())
            .Permit(Role.Viewer, OrgFrom.Nothing);
    }
}
