using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>An app's screens and behaviour, from assets/qgjob-ui.json in its APK (docs/virtual-phone.md).</summary>
internal sealed record UiDescription(
    IReadOnlyDictionary<string, UiValue> Data,
    IReadOnlyDictionary<string, UiValue> Vars,
    IReadOnlyList<UiAction> Start,
    string FirstScreen,
    IReadOnlyDictionary<string, IReadOnlyList<UiNode>> Screens,
    IReadOnlyDictionary<string, string> Back)
{
    public const string AssetPath = "assets/qgjob-ui.json";

    /// <summary>Larger files than this are no small app.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <exception cref="UiDescriptionException">The text is no valid description; the message names the place.</exception>
    public static UiDescription Parse(ReadOnlyMemory<byte> utf8)
    {
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8, new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
            });
        }
        catch (JsonException ex)
        {
            throw new UiDescriptionException($"not valid JSON (line {ex.LineNumber + 1}): {ex.Message}", ex);
        }

        using (json)
            return UiDescriptionParser.Parse(new JsonPlace(json.RootElement, ""));
    }

    /// <summary>What an app shows that brings no description: its package id.</summary>
    public static UiDescription ForPlainApp(string package) => Message([package]);

    /// <summary>What an app shows whose description is wrong.</summary>
    public static UiDescription ForProblem(string problem) => Message(["Error in " + AssetPath, problem]);

    private static UiDescription Message(IReadOnlyList<string> lines)
    {
        var nothing = new Dictionary<string, UiValue>();
        var texts = lines.Select((line, i) => new UiNode { Class = "android.widget.TextView", Key = $"main/{i}", Text = UiTemplate.Literal(line) });
        return new UiDescription(nothing, nothing, [], "main",
            new Dictionary<string, IReadOnlyList<UiNode>> { ["main"] = [.. texts] }, new Dictionary<string, string>());
    }
}

/// <summary>A description file is wrong; the message says where and how.</summary>
internal sealed class UiDescriptionException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A view on a screen, as described.</summary>
internal sealed record UiNode
{
    /// <summary>Where the node stands in the file; keeps an element's identity while texts around it change.</summary>
    public required string Key { get; init; }

    public required string Class { get; init; }

    public string? Id { get; init; }

    public UiTemplate? Text { get; init; }

    public UiTemplate? Desc { get; init; }

    public UiTemplate? Hint { get; init; }

    /// <summary>The variable or data that a text field edits.</summary>
    public string? Field { get; init; }

    public bool Secret { get; init; }

    public bool Scrollable { get; init; }

    public UiCondition? When { get; init; }

    public UiCondition? Checked { get; init; }

    public UiCondition? Enabled { get; init; }

    public UiCondition? Selected { get; init; }

    public IReadOnlyList<UiAction>? Tap { get; init; }

    public IReadOnlyList<UiAction>? LongTap { get; init; }

    public IReadOnlyList<UiNode> Children { get; init; } = [];

    public UiRepeat? Each { get; init; }
}

/// <summary>A template that appears once per item of a list.</summary>
internal sealed record UiRepeat(string List, string Item, string? Index, UiNode Template);
