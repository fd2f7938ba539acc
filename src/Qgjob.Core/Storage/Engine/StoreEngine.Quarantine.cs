using Qgjob.Core.Orgs;
using Qgjob.Core.Results;

namespace Qgjob.Core.Storage.Engine;

/// <summary>Orgs' tests in quarantine.</summary>
public sealed partial class StoreEngine
{
    private SetQuarantineAnswer Apply(SetQuarantine command)
    {
        var tests = (rows.FindQuarantine(command.OrgId)?.Tests ?? []).Where(t => IsShown(t, command.Now)).ToList();
        var add = command.Test;
        // The same tests again: the later word counts, under the name of the first.
        var known = tests.FindIndex(t => t.File == add.File && t.Title == add.Title);
        if (known < 0 && tests.Count >= Quarantine.Most) return new SetQuarantineAnswer.Full(Quarantine.Most);
        if (known < 0) tests.Add(add);
        else tests[known] = add = add with { Id = tests[known].Id, Since = tests[known].Until > command.Now ? tests[known].Since : add.Since };
        rows.Save(new Quarantine { OrgId = command.OrgId, Tests = tests });
        return new SetQuarantineAnswer.Kept(add, Replaced: known >= 0);
    }

    private EndQuarantineAnswer Apply(EndQuarantine command)
    {
        if (rows.FindQuarantine(command.OrgId) is not { } quarantine || quarantine.Tests.All(t => t.Id != command.Id)) return new EndQuarantineAnswer(false);
        rows.Save(quarantine with { Tests = [.. quarantine.Tests.Where(t => t.Id != command.Id && IsShown(t, command.Now))] });
        return new EndQuarantineAnswer(true);
    }

    /// <summary>What ran out long ago explains nothing any more.</summary>
    private void ForgetQuarantines(DateTimeOffset now)
    {
        foreach (var quarantine in rows.AllQuarantines().Where(q => q.Tests.Any(t => !IsShown(t, now))).OrderBy(q => q.OrgId, StringComparer.Ordinal).ToList())
            rows.Save(quarantine with { Tests = [.. quarantine.Tests.Where(t => IsShown(t, now))] });
    }

    private static bool IsShown(QuarantinedTest test, DateTimeOffset now) => test.Until > now - Quarantine.KeepEnded;

    /// <summary>What an attempt says of a test, with what the org says of it now.</summary>
    private TestResult Marked(string orgId, TestResult test, DateTimeOffset now) =>
        rows.FindQuarantine(orgId) is { } quarantine ? quarantine.Mark([test], now)[0] : test;
}
