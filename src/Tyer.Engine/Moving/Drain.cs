using Tyer.Engine.Locks;

namespace Tyer.Engine.Moving;

/// <summary>
/// A node that leaves: takes no new mastership, and hands over what it masters, some at a time, so that neither this shard nor the others
/// stand still for it.
/// </summary>
internal sealed class Drain(EngineCore core)
{
    /// <summary>Most resources on their way at a time.</summary>
    internal const int MovesMax = 64;

    /// <summary>Most locks in one step, but for a resource that has more by itself.</summary>
    private const int LocksMax = 2048;

    /// <summary>Most buckets of the table looked through in one step.</summary>
    private const int BucketsMax = 512;

    private readonly HashSet<uint> _leaving = [];
    private ulong _leavingIn;
    private int _bucket;
    private Func<uint, bool>? _isOpen;

    /// <summary>Whether this node is leaving.</summary>
    internal bool IsLeaving { get; private set; }

    internal void Begin(Func<uint, bool>? isOpen)
    {
        IsLeaving = true;
        _isOpen = isOpen;
    }

    /// <summary>A node that was asked is leaving itself.</summary>
    internal void NoteLeaving(uint node)
    {
        ForgetOfOtherViews();
        _leaving.Add(node);
    }

    /// <summary>Starts what can be started now.</summary>
    internal void GoOn()
    {
        if (!IsLeaving || core.View is not { } view || core.Resources.MasteredCount == 0)
            return;
        ForgetOfOtherViews();
        var locks = 0;
        for (var looked = Math.Min(BucketsMax, core.Resources.Buckets); looked > 0 && core.HandingOver.Count < MovesMax && locks < LocksMax; looked--)
        {
            _bucket = (_bucket + 1) & (core.Resources.Buckets - 1);
            for (var each = core.Resources.FirstIn(_bucket); each is not null && locks < LocksMax;)
            {
                var next = each.NextInBucket;
                locks += Start(each, view);
                each = next;
            }
        }
    }

    /// <summary>How many locks are on their way with it.</summary>
    private int Start(Resource resource, EngineView view)
    {
        if (resource is { Role: ResourceRole.Active, IsInUse: false })
        {
            core.Directory.LetGo(resource);
            return 1;
        }

        if (!core.HandingOver.MayMove(resource) || Successor(resource, view) is not { } to)
            return 0;
        var count = resource.Queues.Count;
        return core.HandingOver.Begin(resource, to) ? count : 0;
    }

    /// <summary>Who uses it most is served best by having it. Where nobody else does, whoever keeps its record has the shortest way.</summary>
    private uint? Successor(Resource resource, EngineView view)
    {
        uint? best = null;
        var most = -1;
        var directory = view.Placement.NodeOf(resource.Slot);
        foreach (var member in view.Members)
        {
            if (member.Node == core.Node || _leaving.Contains(member.Node) || _isOpen?.Invoke(member.Node) == false)
                continue;
            var count = (2 * resource.Queues.CountOf(member.Node)) + (member.Node == directory ? 1 : 0);
            if (count <= most)
                continue;
            most = count;
            best = member.Node;
        }

        return best;
    }

    private void ForgetOfOtherViews()
    {
        if (_leavingIn == core.View!.Id)
            return;
        _leavingIn = core.View.Id;
        _leaving.Clear();
    }
}
