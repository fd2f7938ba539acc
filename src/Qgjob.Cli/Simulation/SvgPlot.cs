using System.Globalization;
using System.Text;
using Qgjob.Cli.Output;
using Qgjob.Core;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Simulation;

/// <summary>Makespan, installs and turnaround over the number of devices as one SVG picture; dashed lines are what no schedule beats.</summary>
internal static class SvgPlot
{
    private const int Width = 720;
    private const int PanelHeight = 210;
    private const int Left = 110;
    private const int Right = 24;
    private const int Top = 56;
    private const int Plot = 130;
    private const int MostLabels = 12;

    public static string Draw(IReadOnlyList<SimulationResult> results)
    {
        var height = 3 * PanelHeight + 30;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="system-ui, sans-serif" font-size="12">""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""<rect width="{Width}" height="{height}" fill="#fff"/>""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""<text x="{Left}" y="22" font-weight="600">{results[0].Jobs:#,0} jobs, policy {Words.Of(results[0].Policy)}; dashed: what no schedule beats</text>""").Append('\n');
        Panel(svg, 0, "Makespan", results, r => r.MakespanSeconds, r => r.MakespanBoundSeconds, Durations.Show);
        Panel(svg, 1, "Installs", results, r => r.Installs, r => r.InstallFloor, v => v.ToString("#,0", CultureInfo.InvariantCulture));
        Panel(svg, 2, "Mean turnaround", results, r => r.MeanTurnaroundSeconds, null, Durations.Show);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(
        StringBuilder svg, int number, string title, IReadOnlyList<SimulationResult> results,
        Func<SimulationResult, double> value, Func<SimulationResult, double>? least, Func<double, string> show)
    {
        var top = number * PanelHeight + Top;
        var most = Math.Max(1e-9, results.Max(value));
        var (first, last) = (results[0].Devices, results[^1].Devices);
        double X(int devices) => Left + (last == first ? 0.5 : (double)(devices - first) / (last - first)) * (Width - Left - Right);
        double Y(double height) => top + Plot * (1 - height / most);
        string Line(Func<SimulationResult, double> of) => string.Join(' ', results.Select(r => Pair(X(r.Devices), Y(of(r)))));

        svg.Append(CultureInfo.InvariantCulture, $"""<text x="{Left}" y="{top - 9}" fill="#333">{title}</text>""").Append('\n');
        foreach (var share in (double[])[0, 0.5, 1])
        {
            svg.Append(CultureInfo.InvariantCulture, $"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(share * most):0.#}" y2="{Y(share * most):0.#}" stroke="#ddd"/>""").Append('\n');
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{Left - 8}" y="{Y(share * most) + 4:0.#}" text-anchor="end" fill="#555">{show(share * most)}</text>""").Append('\n');
        }
        var every = (results.Count + MostLabels - 1) / MostLabels;
        for (var i = 0; i < results.Count; i += every)
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{X(results[i].Devices):0.#}" y="{top + Plot + 18}" text-anchor="middle" fill="#555">{results[i].Devices}</text>""").Append('\n');
        if (least is not null) svg.Append(CultureInfo.InvariantCulture, $"""<polyline fill="none" stroke="#888" stroke-dasharray="5 4" points="{Line(least)}"/>""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""<polyline fill="none" stroke="#1f6feb" stroke-width="2" points="{Line(value)}"/>""").Append('\n');
        foreach (var result in results)
        {
            svg.Append(CultureInfo.InvariantCulture, $"""<circle cx="{X(result.Devices):0.#}" cy="{Y(value(result)):0.#}" r="3.5" fill="#1f6feb"><title>{result.Devices} devices: {show(value(result))}</title></circle>""").Append('\n');
        }
        if (number == 2) svg.Append(CultureInfo.InvariantCulture, $"""<text x="{(Left + Width - Right) / 2}" y="{top + Plot + 40}" text-anchor="middle" fill="#333">devices</text>""").Append('\n');
    }

    private static string Pair(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#}");
}
