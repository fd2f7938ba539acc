namespace Qgjob.Server.Blobs;

/// <summary>Whether a write failed because there is no room.</summary>
internal static class FullDisk
{
    // ENOSPC, EDQUOT (Linux, macOS); ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL as HRESULTs.
    private static readonly int[] s_codes = [28, 122, 69, unchecked((int)0x80070027), unchecked((int)0x80070070)];

    public static bool Is(IOException e) => s_codes.Contains(e.HResult);
}
