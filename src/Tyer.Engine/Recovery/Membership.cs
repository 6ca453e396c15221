using Tyer.Engine.Directory;

namespace Tyer.Engine.Recovery;

/// <summary>
/// Who is in, who departed without a proof that he can act no more, and what the members have said of the view. The facts that recovery
/// decides by (<c>docs/recovery.md</c>); it decides nothing itself.
/// </summary>
internal sealed class Membership(uint node)
{
    // Which slots this node has served in every view of the chain: those since, and with, the last one that was settled and whose directory was
    // complete (D4).
    private readonly bool[] _served = new bool[Placement.Slots];
    private readonly HashSet<MemberId> _unproven = [];
    private readonly HashSet<MemberId> _proofs = [];
    private readonly Dictionary<MemberId, ulong> _directoryDone = [];
    private readonly Dictionary<MemberId, ulong> _locksDone = [];
    private bool _isChainNew;

    /// <summary>The installed view; null until the first: nothing is granted before.</summary>
    internal EngineView? View { get; private set; }

    /// <summary>Whether every member has said that what it masters is recorded.</summary>
    internal bool IsDirectoryComplete { get; private set; }

    /// <summary>Whether every lock of every member is known to a living master, and nobody is unproven: from here on nothing is in doubt.</summary>
    internal bool IsSettled { get; private set; }

    /// <summary>Departed incarnations that may still act.</summary>
    internal IReadOnlyCollection<MemberId> Unproven => _unproven;

    /// <summary>Whether this node has been directory node of a slot all along: what it has no record of has no master.</summary>
    internal bool HasServed(ushort slot) => _served[slot];

    internal bool IsProven(MemberId departed) => _proofs.Contains(departed);

    /// <summary>Takes in a view. Returns the incarnations of the one before that are not in it.</summary>
    internal IReadOnlyList<MemberId> Install(EngineView view)
    {
        Invariant.Check(View is null || view.Id > View.Id, "views are installed in their order");
        Invariant.Check(view.Has(node), "a node installs a view that it is in");
        var before = View;
        View = view;
        List<MemberId> departed = [];
        foreach (var member in before?.Members ?? [])
        {
            if (!view.Has(member.Id))
                departed.Add(member.Id);
        }

        _unproven.Clear();
        foreach (var suspect in view.Unproven)
        {
            if (!_proofs.Contains(suspect))
                _unproven.Add(suspect);
        }

        for (var slot = 0; slot < Placement.Slots; slot++)
            _served[slot] = _served[slot] && view.Placement.NodeOf((ushort)slot) == node;
        IsDirectoryComplete = false;
        IsSettled = false;
        _isChainNew = false;
        Refresh();
        return departed;
    }

    /// <summary>Takes in a proof: this incarnation and its clients act no more. It may come before the view without it.</summary>
    internal void Prove(MemberId departed)
    {
        _proofs.Add(departed);
        _unproven.Remove(departed);
        Refresh();
    }

    /// <summary>Takes in what a member, or this node, says of a view.</summary>
    internal void Mark(MemberId member, RecoveryMarker marker, ulong view)
    {
        var said = marker == RecoveryMarker.DirectoryDone ? _directoryDone : _locksDone;
        if (said.GetValueOrDefault(member) < view)
            said[member] = view;
        Refresh();
    }

    /// <summary>Members who have not said this of the installed view.</summary>
    internal IReadOnlyList<MemberId> Missing(RecoveryMarker marker)
    {
        var said = marker == RecoveryMarker.DirectoryDone ? _directoryDone : _locksDone;
        return View is { } view ? [.. view.Members.Select(member => member.Id).Where(member => said.GetValueOrDefault(member) != view.Id)] : [];
    }

    private void Refresh()
    {
        if (View is not { } view)
            return;
        IsDirectoryComplete = IsDirectoryComplete || AllSaid(_directoryDone, view);
        IsSettled = IsSettled || (_unproven.Count == 0 && AllSaid(_locksDone, view));
        if (_isChainNew || !IsSettled || !IsDirectoryComplete)
            return;
        _isChainNew = true;
        for (var slot = 0; slot < Placement.Slots; slot++)
            _served[slot] = view.Placement.NodeOf((ushort)slot) == node;
    }

    private static bool AllSaid(Dictionary<MemberId, ulong> said, EngineView view)
    {
        foreach (var member in view.Members)
        {
            if (said.GetValueOrDefault(member.Id) != view.Id)
                return false;
        }

        return true;
    }
}
