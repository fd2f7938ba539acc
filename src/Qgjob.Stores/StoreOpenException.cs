namespace Qgjob.Stores;

/// <summary>A store cannot be opened. The message is for the person who starts the server and says what to do.</summary>
public sealed class StoreOpenException : Exception
{
    public StoreOpenException(string message)
        : base(message)
    {
    }

    public StoreOpenException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
