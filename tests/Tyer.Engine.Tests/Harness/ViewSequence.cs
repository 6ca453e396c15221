namespace Tyer.Engine.Tests.Harness;

/// <summary>
/// What a cluster stack knows: one sequence of views, and who departed without a proof that he acts no more (N1 and N2 of
/// <c>docs/recovery.md</c>).
/// </summary>
internal sealed class ViewSequence
{
    private readonly List<MemberId> _unproven = [];
    private readonly HashSet<MemberId> _proven = [];

    /// <summary>The last view that there is; null before the first.</summary>
    internal EngineView? Last { get; private set; }

    /// <summary>Whether nothing more is to be feared of one who departed, or is about to.</summary>
    internal bool IsProven(MemberId life) => _proven.Contains(life);

    /// <summary>The next view, which lists as unproven all who departed with it or before and of whom there is no proof.</summary>
    internal EngineView Add(IReadOnlyList<EngineMember> members)
    {
        foreach (var before in Last?.Members ?? [])
        {
            if (!members.Any(member => member.Id == before.Id) && !IsProven(before.Id))
                _unproven.Add(before.Id);
        }

        Last = new EngineView((Last?.Id ?? 0) + 1, members, _unproven);
        return Last;
    }

    internal void Prove(MemberId departed)
    {
        _proven.Add(departed);
        _unproven.Remove(departed);
    }
}
