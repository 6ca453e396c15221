using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// Whether the check notices at all: against a model with one rule got wrong, a difference must be found. To the comparison it is the same
/// whether the engine or the model has the wrong rule.
/// </summary>
public sealed class WrongRulesTests
{
    private const int ProgramsMax = 400;
    private const int StepsMax = 60;

    private static readonly Dictionary<string, Func<int, ResourceModel>> Wrong = new()
    {
        ["PR goes with CW"] = max => new ReadersBesideWriters(max),
        ["a converting lock holds nothing"] = max => new ConvertersLetGo(max),
        ["conversions wait for each other"] = max => new ConversionsQueueUp(max),
        ["requests pass waiting conversions"] = max => new RequestsPassConversions(max),
        ["compatible requests pass those that wait"] = max => new RequestsPassRequests(max),
        ["conversions never deadlock"] = max => new NoDeadlock(max),
        ["a notice for every blocked request"] = max => new NoticeEachTime(max),
        ["PR to CW reads the value"] = max => new MiddleReads(max),
    };

    public static TheoryData<string> Rules => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_rule_got_wrong_is_found(string rule)
    {
        var property = Prop.ForAll(LockProgram.Arbitrary(nodes: 2, StepsMax), program => ProgramRun.Check(program, Wrong[rule]));

        var failure = Assert.ThrowsAny<Exception>(() => property.Check(LockProgramTests.ConfigFor(seed: 0, ProgramsMax)));

        Assert.Contains(nameof(ProgramFailedException), failure.ToString(), StringComparison.Ordinal);
    }

    private sealed class ReadersBesideWriters(int max) : ResourceModel(max)
    {
        protected override bool GoTogether(LockMode held, LockMode wanted) =>
            (held, wanted) is (LockMode.ProtectedRead, LockMode.ConcurrentWrite) or (LockMode.ConcurrentWrite, LockMode.ProtectedRead)
            || base.GoTogether(held, wanted);
    }

    private sealed class ConvertersLetGo(int max) : ResourceModel(max)
    {
        protected override bool ConvertersHold => false;
    }

    private sealed class ConversionsQueueUp(int max) : ResourceModel(max)
    {
        protected override bool ConversionsOvertake => false;
    }

    private sealed class RequestsPassConversions(int max) : ResourceModel(max)
    {
        protected override bool ConversionsGoFirst => false;
    }

    private sealed class RequestsPassRequests(int max) : ResourceModel(max)
    {
        protected override bool RequestsQueueUp => false;
    }

    private sealed class NoDeadlock(int max) : ResourceModel(max)
    {
        protected override bool IsDeadlock(ModelLock asker) => false;
    }

    private sealed class NoticeEachTime(int max) : ResourceModel(max)
    {
        protected override bool IsDue(ModelLock holder, LockMode wanted) => !GoTogether(holder.Held!.Value, wanted);
    }

    private sealed class MiddleReads(int max) : ResourceModel(max)
    {
        protected override char ValueActionOf(LockMode? from, LockMode to) =>
            (from, to) is (LockMode.ProtectedRead, LockMode.ConcurrentWrite) ? 'R' : base.ValueActionOf(from, to);
    }
}
