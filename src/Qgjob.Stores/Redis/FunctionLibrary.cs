using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Stores.Redis;

/// <summary>The functions that every write goes through. Their names hold a digest of the code, so that servers of two versions each find theirs.</summary>
internal static class FunctionLibrary
{
    // In this order: the later ones are made of the earlier.
    private static readonly string Text = ReadText();

    public static string Name { get; } = "qgjob_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))[..8];

    public static string Code { get; } =
        Text.Replace("QGJOB_", Name + "_", StringComparison.Ordinal).Replace("name=QGJOB", "name=" + Name, StringComparison.Ordinal);

    public static string Commit { get; } = Name + "_commit";
    public static string Since { get; } = Name + "_since";
    public static string Purge { get; } = Name + "_purge";
    public static string ImportBegin { get; } = Name + "_import_begin";
    public static string ImportPart { get; } = Name + "_import_part";
    public static string ImportEnd { get; } = Name + "_import_end";
    public static string Forbidden { get; } = Name + "_forbidden";

    private static string ReadText()
    {
        using var stream = typeof(FunctionLibrary).Assembly.GetManifestResourceStream("redis.lua")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
