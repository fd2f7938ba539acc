namespace Qgjob.Agent.BrowserStack;

/// <summary>BrowserStack did not do what it was asked, after all tries. The message is without credentials.</summary>
internal class BrowserStackException(string message) : HttpRequestException(message);

/// <summary>It does not take the credentials: only people can mend that.</summary>
internal sealed class BrowserStackRefusedException(int status) : BrowserStackException(
    $"BrowserStack refuses {BrowserStackAccount.UserVariable} and {BrowserStackAccount.KeyVariable} (answer {status}): compare them with the account's settings.");
