using System.Reflection;

namespace Qgjob.Agent;

/// <summary>Files that travel inside the assembly, so that the agent stays one binary.</summary>
internal static class EmbeddedFile
{
    public static string Read(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The agent was built without its file {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
