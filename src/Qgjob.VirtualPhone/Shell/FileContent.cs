using System.Text.RegularExpressions;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell;

/// <summary>Whole files for redirections and small commands.</summary>
internal static class FileContent
{
    private const int MaxBytes = 32 * 1024 * 1024;

    public static byte[]? Read(PhoneDevice phone, string path)
    {
        lock (phone.Gate)
        {
            if (phone.Files.Find(path) is not { IsFolder: false } file)
                return null;
            if (file.Size > MaxBytes)
                throw new IOException($"{path} is larger than the virtual phone's shell reads.");
            using var stream = phone.Files.Open(file);
            var bytes = new byte[file.Size];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    public static bool MayWrite(PhoneDevice phone, string path)
    {
        lock (phone.Gate)
            return PhoneFiles.MayWrite(path) && phone.Files.Find(path) is null or { IsFolder: false };
    }

    public static void Write(PhoneDevice phone, string path, byte[] content, int permissions = 0x1a4)
    {
        lock (phone.Gate)
        {
            var blob = phone.Store.NewBlob();
            File.WriteAllBytes(phone.Store.BlobPath(blob), content);
            phone.Files.Put(path, blob, permissions, phone.Time.GetUtcNow());
            phone.Save();
        }
    }

    /// <summary>The files that a pattern with * and ? in its last part names.</summary>
    public static List<string> Match(PhoneDevice phone, string pattern, string folder)
    {
        var slash = pattern.LastIndexOf('/');
        var name = new Regex("^" + Regex.Escape(pattern[(slash + 1)..]).Replace("\\*", ".*", StringComparison.Ordinal)
            .Replace("\\?", ".", StringComparison.Ordinal) + "$", RegexOptions.NonBacktracking | RegexOptions.Singleline);
        var prefix = pattern[..(slash + 1)];
        lock (phone.Gate)
        {
            return [.. phone.Files.List(PhoneFiles.Normalize(prefix, folder))
                .Where(f => name.IsMatch(f.Name)).Select(f => prefix + f.Name)];
        }
    }
}
