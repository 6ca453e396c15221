using Tyer.Engine.Locks;
using Tyer.Engine.Moving;

namespace Tyer.Engine.Looking;

/// <summary>
/// Looking at what is mastered here, a part of the table at a time, so that who looks holds up nobody. A resource is seen whole; between
/// two parts locks come and go.
/// </summary>
internal sealed class Snapshots(EngineCore core)
{
    /// <summary>Adds the mastered resources of a stretch of buckets.</summary>
    /// <returns>Where to go on, or -1 at the end.</returns>
    internal int Collect(int from, int count, Func<ResourceState, bool> wanted, List<ResourceState> into)
    {
        var end = Math.Min(from + count, core.Resources.Buckets);
        for (var bucket = from; bucket < end; bucket++)
        {
            for (var each = core.Resources.FirstIn(bucket); each is not null; each = each.NextInBucket)
            {
                if (!IsToBeSeen(each))
                    continue;
                var state = StateOf(each);
                if (wanted(state))
                    into.Add(state);
            }
        }

        return end == core.Resources.Buckets ? -1 : end;
    }

    /// <summary>One resource, or null if it is not mastered here or nobody uses it.</summary>
    internal ResourceState? Find(uint space, ulong hash, ReadOnlySpan<byte> name) =>
        core.Resources.Find(space, hash, name) is { } found && IsToBeSeen(found) ? StateOf(found) : null;

    // What is handed over is shown by the new master.
    private static bool IsToBeSeen(Resource resource) => (resource.IsMastered || resource.Move is { Phase: MovePhase.Telling }) && !(resource.Queues.AreEmpty && resource.Staged.IsEmpty);

    private ResourceState StateOf(Resource resource)
    {
        var directory = core.View?.Placement.NodeOf(resource.Slot) ?? 0;
        var queues = resource.Queues;
        var staged = List(resource.Staged);
        return new ResourceState(
            resource.Space,
            new ResourceName(resource.Name),
            directory,
            resource.Value?.State ?? LockValueState.NeverWritten,
            resource.Value?.Version ?? 0,
            [.. List(queues.Granted), .. staged.Where(each => each is { Granted: not null, Requested: null })],
            [.. List(queues.Converting), .. staged.Where(each => each is { Granted: not null, Requested: not null })],
            [.. List(queues.Waiting), .. staged.Where(each => each.Granted is null)],
            resource.Role == ResourceRole.Rebuilding);
    }

    private LockState[] List(LockList list)
    {
        var states = new LockState[list.Count];
        var index = 0;
        for (var each = list.First; each is not null; each = each.Next)
        {
            states[index++] = new LockState(
                each.Id,
                each.Granted,
                each.Requested,
                each.Token,
                each.Granted is null ? null : core.Now - each.Since,
                each.Requested is null ? null : core.Now - each.WaitingSince,
                each.OrphanOf == 0 ? null : core.Now - each.LeftSince,
                each.Session.Number,
                each.Session.Identity,
                each.Note);
        }

        return states;
    }
}
