namespace Qgjob.Core.Apps;

/// <summary>A file is no APK that a phone could install. The message says why, in words for the person who chose the file.</summary>
public sealed class InvalidApkException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Why the file cannot be installed.</param>
    public InvalidApkException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Why the file cannot be installed.</param>
    /// <param name="innerException">What the zip or XML reader met.</param>
    public InvalidApkException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
