using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Moving fingers over the screen.</summary>
internal static class Gestures
{
    // A finger that moves less than this has tapped.
    private const int TapSlop = 24;

    public static void Drag(PhoneScreen screen, int fromX, int fromY, int toX, int toY, bool hold)
    {
        if (Math.Abs(fromX - toX) < TapSlop && Math.Abs(fromY - toY) < TapSlop)
            screen.Tap(fromX, fromY, hold);
        else if (ScrollableAt(screen.Capture(), fromX, fromY) is { } list)
            screen.Scroll(list, fromY - toY);
    }

    public static ViewNode? ScrollableAt(ScreenSnapshot screen, int x, int y) =>
        screen.At(x, y)?.SelfAndAncestors().FirstOrDefault(n => n.Scrollable);
}
