using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// What a step does. Whom it concerns is chosen by its numbers from what there is at that moment, so that any part of a program is one.
/// </summary>
internal enum StepKind
{
    Lock,
    Convert,
    Unlock,
    Cancel,
    Deliver,
    DeliverAll,
    Pass,
    Close,
    Purge,
}

/// <summary>One step: who, what, and how.</summary>
internal readonly record struct Step(StepKind Kind, int Node, int Pick, LockMode Mode, RawFlags Flags, int Extra);

/// <summary>A random program for a cluster of one to four nodes.</summary>
internal sealed record LockProgram(int Nodes, uint Directory, Step[] Steps)
{
    private static readonly RawFlags[] LockFlags =
    [
        RawFlags.NoQueue, RawFlags.ValBlk, RawFlags.IvValBlk, RawFlags.Persistent, RawFlags.NoDlckWt, RawFlags.NoDlckBlk, RawFlags.Expedite,
        RawFlags.NoQueueBast, RawFlags.HeadQue, RawFlags.NoOrder, RawFlags.Orphan, RawFlags.AltPr, RawFlags.AltCw, RawFlags.Timeout,
    ];

    private static readonly RawFlags[] ConvertFlags =
    [
        RawFlags.NoQueue, RawFlags.ValBlk, RawFlags.IvValBlk, RawFlags.QueCvt, RawFlags.ConvDeadlk, RawFlags.Persistent, RawFlags.NoDlckWt,
        RawFlags.NoQueueBast, RawFlags.HeadQue, RawFlags.NoOrder, RawFlags.AltPr, RawFlags.AltCw, RawFlags.Convert,
    ];

    private static readonly RawFlags[] UnlockFlags = [RawFlags.ValBlk, RawFlags.IvValBlk, RawFlags.ForceUnlock, RawFlags.ForceUnlock];

    private static readonly RawFlags[] AllFlags = [.. Enum.GetValues<RawFlags>().Where(flag => flag != RawFlags.None)];

    /// <summary>Programs, and how to make one that fails smaller.</summary>
    internal static Arbitrary<LockProgram> Arbitrary(int nodes, int stepsMax)
    {
        var programs =
            from directory in Gen.Choose(0, nodes)
            from length in Gen.Choose(stepsMax / 4, stepsMax)
            from steps in Gen.ArrayOf(OneStep, length)
            select new LockProgram(nodes, (uint)directory, steps);
        return Arb.From(programs, Shrink);
    }

    public override string ToString() => $"{Nodes} nodes, directory {(Directory == 0 ? "all" : $"n{Directory}")}, {Steps.Length} steps";

    internal static Gen<Step> OneStep =>
        from kind in Gen.Frequency(
            (22, Gen.Constant(StepKind.Lock)),
            (20, Gen.Constant(StepKind.Convert)),
            (14, Gen.Constant(StepKind.Unlock)),
            (5, Gen.Constant(StepKind.Cancel)),
            (26, Gen.Constant(StepKind.Deliver)),
            (4, Gen.Constant(StepKind.DeliverAll)),
            (5, Gen.Constant(StepKind.Pass)),
            (3, Gen.Constant(StepKind.Close)),
            (1, Gen.Constant(StepKind.Purge)))
        from numbers in Gen.Choose(0, int.MaxValue).Three()
        from mode in Gen.Choose(0, 5)
        from flags in FlagsFor(kind)
        select new Step(kind, numbers.Item1, numbers.Item2, (LockMode)mode, flags, numbers.Item3);

    private static Gen<RawFlags> FlagsFor(StepKind kind)
    {
        var usual = kind switch
        {
            StepKind.Lock => LockFlags,
            StepKind.Convert => ConvertFlags,
            _ => UnlockFlags,
        };
        return Gen.Frequency(
            (40, Gen.Constant(RawFlags.None)),
            (35, Gen.Elements(usual)),
            (15, Gen.Elements(usual).Two().Select(two => two.Item1 | two.Item2)),
            (8, Gen.Elements(usual).Three().Select(three => three.Item1 | three.Item2 | three.Item3)),
            (2, Gen.Elements(AllFlags)));
    }

    /// <summary>First without long stretches of steps, then without single ones, then with simpler steps.</summary>
    private static IEnumerable<LockProgram> Shrink(LockProgram program)
    {
        var steps = program.Steps;
        for (var length = steps.Length / 2; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= steps.Length; start += length)
                yield return program with { Steps = [.. steps[..start], .. steps[(start + length)..]] };
        }

        for (var index = 0; index < steps.Length; index++)
        {
            foreach (var simpler in Simpler(steps[index]))
                yield return program with { Steps = [.. steps[..index], simpler, .. steps[(index + 1)..]] };
        }
    }

    private static IEnumerable<Step> Simpler(Step step)
    {
        if (step.Flags != RawFlags.None)
        {
            yield return step with { Flags = RawFlags.None };
            foreach (var flag in AllFlags)
            {
                if (step.Flags.HasFlag(flag) && step.Flags != flag)
                    yield return step with { Flags = step.Flags & ~flag };
            }
        }

        if (step.Extra != 0)
            yield return step with { Extra = 0 };
        if (step.Mode != LockMode.Null)
            yield return step with { Mode = step.Mode - 1 };
    }
}
