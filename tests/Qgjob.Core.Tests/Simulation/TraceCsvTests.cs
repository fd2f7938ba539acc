using System.Globalization;
using Qgjob.Core.Jobs;
using Qgjob.Core.Simulation;

namespace Qgjob.Core.Tests.Simulation;

public sealed class TraceCsvTests
{
    private const string Header = "release_s,org_id,app_version_id,target,test_path,priority,duration_s,estimate_s,install_s";
    private const string Good = "1.5,acme,7,device,tests/a.spec.ts,0,60,55.25,30";

    [Fact]
    public void A_row_reads_as_it_is_written()
    {
        var job = Assert.Single(Read($"{Header}\n{Good}\n"));
        Assert.Equal(new TraceJob(1.5, "acme", "7", Target.Device, "tests/a.spec.ts", 0, 60, 55.25, 30), job);
    }

    [Fact]
    public void Columns_go_by_the_header_and_further_ones_are_passed_over()
    {
        var job = Assert.Single(Read(
            "\uFEFFinstall_s, Estimate_S ,note,duration_s,priority,test_path,target,app_version_id,org_id,release_s\r\n" +
            "30,,\"two\r\nlines, and a comma\",60,high,t.ts,ANY,7,acme,0\r\n\r\n"));
        Assert.Equal((30, 60, 1, Target.Any), (job.InstallSeconds, job.DurationSeconds, job.Priority, job.Target));
        Assert.True(double.IsNaN(job.EstimateSeconds));
    }

    [Theory]
    [InlineData("low", -1)]
    [InlineData("Normal", 0)]
    [InlineData("high", 1)]
    [InlineData("urgent", 2)]
    [InlineData("-10", -10)]
    [InlineData("+3", 3)]
    public void Priorities_are_words_or_numbers(string text, int priority) =>
        Assert.Equal(priority, Assert.Single(Read($"{Header}\n0,a,b,any,t,{text},1,1,1")).Priority);

    [Fact]
    public void Lines_may_end_in_any_way() => Assert.Equal(3, Read($"{Header}\r{Good}\r\n{Good}\n{Good}").Count);

    [Fact]
    public void What_is_written_reads_the_same()
    {
        List<TraceJob> jobs =
        [
            new(0, "a,b", "say \"7\"", Target.Browserstack, "two\nlines", 3, 1.0 / 3, double.NaN, 1e-7),
            new(1e10, " spaced ", "7", Target.Emulator, "tests/ä.ts", -10, 1e8, 0, 0),
            .. Loads.Make("small", 3, devices: 5),
        ];
        var text = new StringWriter();
        TraceCsv.Write(text, jobs);
        Assert.Equal(jobs, TraceCsv.Read(new StringReader(text.ToString())));
        Assert.DoesNotContain('\r', text.ToString());
    }

    [Fact]
    public void The_same_name_is_one_string()
    {
        var jobs = Read($"{Header}\n{Good}\n{Good}\n");
        Assert.Same(jobs[0].OrgId, jobs[1].OrgId);
        Assert.Same(jobs[0].TestPath, jobs[1].TestPath);
    }

    [Theory]
    [InlineData("x,acme,7,any,t,0,60,,30", "Line 3, column release_s: 'x' does not fit; expected seconds as a number from 0 to 10000000000, with a point for decimals.")]
    [InlineData("-1,acme,7,any,t,0,60,,30", "Line 3, column release_s: '-1' does not fit")]
    [InlineData("NaN,acme,7,any,t,0,60,,30", "Line 3, column release_s: 'NaN' does not fit")]
    [InlineData("0,,7,any,t,0,60,,30", "Line 3, column org_id: nothing stands here; expected a name.")]
    [InlineData("0,acme,  ,any,t,0,60,,30", "Line 3, column app_version_id: nothing stands here")]
    [InlineData("0,acme,7,phone,t,0,60,,30", "Line 3, column target: 'phone' does not fit; expected one of any, device, emulator, browserstack.")]
    [InlineData("0,acme,7,any,,0,60,,30", "Line 3, column test_path: nothing stands here")]
    [InlineData("0,acme,7,any,t,11,60,,30", "Line 3, column priority: '11' does not fit; expected low, normal, high, urgent or a whole number from -10 to 10.")]
    [InlineData("0,acme,7,any,t,,60,,30", "Line 3, column priority: nothing stands here")]
    [InlineData("0,acme,7,any,t,0,,,30", "Line 3, column duration_s: nothing stands here")]
    [InlineData("0,acme,7,any,t,0,60,soon,30", "Line 3, column estimate_s: 'soon' does not fit")]
    [InlineData("0,acme,7,any,t,0,60,,Infinity", "Line 3, column install_s: 'Infinity' does not fit")]
    [InlineData("0,acme,7,any,t,0,60,30", "Line 3: 8 fields where the header names 9 columns.")]
    [InlineData("0,acme,7,any,t,0,60,,30,1", "Line 3: 10 fields where the header names 9 columns.")]
    [InlineData("0,ac\"me,7,any,t,0,60,,30", "Line 3: field 2: a quote stands inside a field without quotes")]
    [InlineData("0,\"acme\"7,7,any,t,0,60,,30", "Line 3: field 2: text follows a closing quote")]
    [InlineData("0,\"acme,7,any,t,0,60,,30", "Line 3: field 2: a quoted field never ends")]
    public void A_row_that_is_wrong_is_named(string row, string message) =>
        Assert.StartsWith(message, Assert.Throws<TraceFormatException>(() => Read($"{Header}\n{Good}\n{row}\n")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", "Line 1: the trace is empty; expected the header release_s,")]
    [InlineData("0,acme,7,any,t,0,60,,30", "Line 1, column release_s: the header lacks release_s, org_id,")]
    [InlineData("release_s,org_id,app_version_id,target,test_path,priority,duration_s,estimate_s", "Line 1, column install_s: the header lacks install_s; expected")]
    [InlineData(Header + ",org_id", "Line 1, column org_id: the header names this column twice.")]
    public void A_header_that_is_wrong_is_named(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<TraceFormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_forgotten_quote_is_heard_of_soon()
    {
        var wrong = Assert.Throws<TraceFormatException>(() =>
            Read($"{Header}\n0,\"acme,7,any,t,0,60,,30\n{string.Concat(Enumerable.Repeat(Good + "\n", 1000))}"));
        Assert.Equal(2, wrong.Line);
        Assert.Contains("closing quote", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_inside_quotes_count()
    {
        var wrong = Assert.Throws<TraceFormatException>(() => Read($"{Header}\n0,\"a\nb\r\nc\",7,any,t,0,60,,30\nx"));
        Assert.Equal(5, wrong.Line);
    }

    [Fact]
    public void Numbers_are_written_without_regard_to_the_place()
    {
        var text = new StringWriter(CultureInfo.GetCultureInfo(""));
        TraceCsv.Write(text, [new TraceJob(0.5, "a", "b", Target.Any, "t", -1, 1234.5, 1000, 7)]);
        Assert.Equal($"{Header}\n0.5,a,b,any,t,-1,1234.5,1000,7\n", text.ToString());
    }

    private static IReadOnlyList<TraceJob> Read(string text) => TraceCsv.Read(new StringReader(text));
}
