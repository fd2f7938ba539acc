using System.Reflection;
using Microsoft.AspNetCore.Mvc;

namespace Qgjob.Server.Http;

/// <summary>Refuses query fields that a call does not know: a misspelt filter must not list everything.</summary>
internal static class KnownQuery
{
    public static RouteGroupBuilder AddKnownQueryFilter(this RouteGroupBuilder group)
    {
        group.AddEndpointFilterFactory((context, next) =>
        {
            var known = context.MethodInfo.GetParameters()
                .Select(p => p.GetCustomAttribute<FromQueryAttribute>()?.Name).OfType<string>().ToHashSet();
            return invocation =>
            {
                foreach (var name in invocation.HttpContext.Request.Query.Keys)
                    if (!known.Contains(name))
                        throw RefusedException.Invalid(name.Length > 100 ? name[..100] : name, known.Count == 0
                            ? "unknown field: this call has no query"
                            : $"unknown field; known: {string.Join(", ", known.Order())}");
                return next(invocation);
            };
        });
        return group;
    }
}
