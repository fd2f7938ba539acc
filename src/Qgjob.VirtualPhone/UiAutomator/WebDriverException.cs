namespace Qgjob.Phones.UiAutomator;

/// <summary>A request that ends with an error of the WebDriver protocol.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="error">The protocol's name for it, such as "no such element".</param>
/// <param name="message">For people.</param>
internal sealed class WebDriverException(int status, string error, string message) : Exception(message)
{
    public int Status => status;

    public string Error => error;

    public static WebDriverException UnknownCommand(string method, string path) =>
        new(404, "unknown command", $"The virtual phone's UiAutomator2 server does not know {method} {path}.");

    public static WebDriverException InvalidArgument(string message) => new(400, "invalid argument", message);

    public static WebDriverException InvalidSelector(string message) => new(400, "invalid selector", message);

    public static WebDriverException NoSuchElement() => new(404, "no such element",
        "An element could not be located on the page using the given search parameters");

    public static WebDriverException StaleElement() => new(404, "stale element reference",
        "The element does not exist in DOM anymore");
}
