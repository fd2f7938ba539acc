using System.Net;
using System.Text;

namespace Qgjob.Server.Pages;

/// <summary>One cell of a table. All of it may come from outside.</summary>
/// <param name="Text">What it shows.</param>
/// <param name="Link">Where it leads, if anywhere: a path of this server.</param>
/// <param name="Class">Words that the style knows.</param>
internal sealed record Cell(string Text, string? Link = null, string? Class = null);

/// <summary>A page of tables as HTML. Whatever gets in is escaped here.</summary>
internal sealed class PageText
{
    private const string Style = """
        :root{color-scheme:light dark;--line:#8883;--soft:#888;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--busy:#0969da}
        @media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--warn:#d29922;--busy:#58a6ff}}
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem}
        h1{font-size:1.3rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .4rem}p{margin:.2rem 0;color:var(--soft)}a{color:inherit}
        div{overflow-x:auto}table{border-collapse:collapse;width:100%}td{overflow-wrap:break-word}td a,.time{white-space:nowrap}
        th,td{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0;border-bottom:1px solid var(--line)}
        th{font-size:.85rem;font-weight:600;color:var(--soft);white-space:nowrap}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.state{font-weight:600}
        .passed,.free{color:var(--good)}.failed,.error,.bad{color:var(--bad)}
        .timed_out,.no_tests,.undetermined,.paused,.draining{color:var(--warn)}.running,.busy{color:var(--busy)}
        .queued,.canceled,.offline{color:var(--soft)}
        """;

    private readonly StringBuilder html = new();

    public PageText(string title) => html
        .Append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">")
        .Append("<meta http-equiv=\"refresh\" content=\"5\"><title>qgjob</title><style>").Append(Style).Append("</style><h1>")
        .Append(Escaped(title)).Append("</h1><p><a href=\"/scalar\">The API</a> · the page renews itself every 5 s</p>");

    /// <param name="title">Above the table.</param>
    /// <param name="empty">Instead of a table without rows.</param>
    /// <param name="columns">Headers; <c>#</c> begins those of columns of numbers.</param>
    /// <param name="rows">As many cells as headers.</param>
    public void Table(string title, string empty, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<Cell>> rows)
    {
        html.Append("<h2>").Append(Escaped(title)).Append("</h2>");
        var any = false;
        foreach (var row in rows)
        {
            if (!any) Head(columns);
            any = true;
            html.Append("<tr>");
            foreach (var cell in row) Write(cell);
        }
        html.Append(any ? "</table></div>" : $"<p>{Escaped(empty)}</p>");
    }

    public override string ToString() => html.ToString();

    private void Head(IReadOnlyList<string> columns)
    {
        html.Append("<div><table><tr>");
        foreach (var column in columns)
            html.Append(column[0] == '#' ? "<th class=\"number\">" : "<th>").Append(Escaped(column.TrimStart('#'))).Append("</th>");
    }

    private void Write(Cell cell)
    {
        html.Append("<td");
        if (cell.Class is not null) html.Append(" class=\"").Append(Escaped(cell.Class)).Append('"');
        html.Append('>');
        if (cell.Link is not null) html.Append("<a href=\"").Append(Escaped(cell.Link)).Append("\">");
        html.Append(Escaped(cell.Text)).Append(cell.Link is null ? "</td>" : "</a></td>");
    }

    private static string Escaped(string text) => WebUtility.HtmlEncode(text);
}
