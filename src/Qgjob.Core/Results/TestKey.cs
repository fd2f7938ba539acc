using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Core.Results;

/// <summary>
/// Which test a result is of, over all runs of an org. A test that is moved to another file or gets another title is
/// another test; one that is moved within its file is the same.
/// </summary>
/// <param name="File">Path relative to the project, with forward slashes.</param>
/// <param name="Project">Name of the Playwright project; null when it has none.</param>
/// <param name="Title">The title path, joined the way Playwright prints it.</param>
public sealed record TestKey(string File, string? Project, string Title)
{
    private const int IdBytes = 10;
    private const char Separator = '\u001f';

    /// <summary>The key of a result.</summary>
    public static TestKey Of(TestResult test) => new(test.File, string.IsNullOrEmpty(test.Project) ? null : test.Project, test.Title);

    /// <summary>A short name for it, <c>t-</c> and 20 hex digits: the same in every run.</summary>
    public string Id
    {
        get
        {
            var text = $"{File}{Separator}{Project}{Separator}{Title}";
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
            return "t-" + Convert.ToHexStringLower(hash[..IdBytes]);
        }
    }
}
