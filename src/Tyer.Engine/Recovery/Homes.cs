using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Orphans;

namespace Tyer.Engine.Recovery;

/// <summary>
/// The owner's side of a rebuild: locks whose master departed need a new home. When the directory has named the new master, it is sent all
/// locks that this node has on the resource (R1); until it has acknowledged them, nothing else is said to it.
/// </summary>
internal sealed class Homes(EngineCore core)
{
    private readonly List<Resource> _left = [];

    /// <summary>Finds what a departed node was, or was taken to be, master of.</summary>
    internal void MasterDeparted(uint master)
    {
        var first = _left.Count;
        core.Resources.CollectMasteredBy(master, _left);
        for (var index = first; index < _left.Count; index++)
            MasterDeparted(_left[index]);
    }

    /// <summary>Looks for the new masters of what was found.</summary>
    internal void LookForMasters()
    {
        foreach (var resource in _left)
            core.Directory.Resolve(resource);
        _left.Clear();
    }

    /// <summary>The directory has named the new master: it is told of all locks.</summary>
    internal void SendTo(Resource resource, uint master)
    {
        core.Resources.SetMaster(resource, master);
        resource.IsRebuildSent = true;
        ulong count = 0;
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (!IsToBeRebuilt(each))
                continue;
            count++;
            core.Sessions.IntroduceTo(master, each.Session, resource.Slot);
            core.Send(master, RebuildMessage(each));
            // Who ended before he was introduced is not known to have.
            if (each.Session.HasLeft)
                core.Sessions.BidFarewellTo(master, each.Session);
        }

        foreach (var copy in Keeping.WithoutMaster(resource))
        {
            count++;
            core.Send(master, copy.Describe());
        }

        var end = EngineCore.About(MessageKind.RebuildEnd, resource);
        end.Number = count;
        core.Send(master, end);
        core.Recovery.CountRebuiltLocks((long)count);
    }

    /// <summary>The new master has the locks, or is not the master.</summary>
    internal void Rebuilt(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { IsRebuildSent: true } resource || resource.Master != from)
            return;
        if ((message.Facts & MessageFacts.IsNotMaster) != 0)
        {
            MasterDeparted(resource);
            core.Directory.Resolve(resource);
            return;
        }

        Keeping.FoundMaster(resource, from);
        core.Recovery.FoundMaster(resource);
        var outbox = resource.Outbox ?? [];
        resource.Outbox = null;
        foreach (var waiting in outbox)
            core.SendEncoded(from, waiting);
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            each.EndSent = each.Ending;
            each.Sent |= each.IsTakenIn;
            if (each.Granted is not null)
                each.NoteCopy(isRead: false); // with what was said now
        }

        core.Directory.Resolve(resource);
        core.LetRest(resource);
    }

    /// <summary>This node is the new master itself.</summary>
    internal void MoveInHere(Resource resource)
    {
        List<Lock> fresh = [];
        while (resource.Owned.First is { } owned)
        {
            // Sent to one who was taken for master and is not, and let go of since: his word for that is on its way.
            if (owned.Granted is null && core.Owner.IsNoLongerWanted(owned))
                continue;
            resource.RemoveOwned(owned);
            if (!IsToBeRebuilt(owned))
            {
                fresh.Add(owned);
                continue;
            }

            StageOwn(owned);
            core.Recovery.CountRebuiltLocks(1);
        }

        core.Keeping.MoveInHere(resource);
        core.Recovery.FoundMaster(resource);
        var outbox = resource.Outbox ?? [];
        resource.Outbox = null;
        foreach (var waiting in outbox)
            core.Incoming.HandleOwn(waiting);
        foreach (var asker in fresh)
        {
            asker.Sent = false;
            Rebuilder.Request(asker);
        }
    }

    /// <summary>
    /// Copies that this node keeps were a departed master's, whoever it took for one: where it knew that one, that is seen to already. What has a
    /// directory request out, or is on its way to another node, looks for a master when that is answered.
    /// </summary>
    internal void CopiesLostMaster(Resource resource)
    {
        if (resource.Has(ResourceTies.Homeless))
            return;
        if (resource.Role is ResourceRole.Client or ResourceRole.Asking)
        {
            MasterDeparted(resource);
            _left.Add(resource);
        }
        else
        {
            core.Recovery.LostMaster(resource);
        }
    }

    internal void MasterDeparted(Resource resource)
    {
        core.Resources.SetMaster(resource, 0);
        var mustRebuild = Keeping.WithoutMaster(resource).Any();
        for (var each = resource.Owned.First; each is not null;)
        {
            var next = each.Next;
            if (each.Ending && (each.EndSent || each.Granted is null))
                core.Owner.EndWithoutMaster(each); // done, whether the departed did it or not
            else if (each.Granted is not null || !core.Owner.IsNoLongerWanted(each))
                mustRebuild |= IsToBeRebuilt(each);
            each = next;
        }

        if (mustRebuild)
        {
            core.Recovery.LostMaster(resource);
            core.Resources.SetRole(resource, ResourceRole.Client);
            return;
        }

        resource.Outbox = null;
        core.Recovery.FoundMaster(resource);
        core.LetRest(resource);
    }

    /// <summary>A master may know of the lock: it held a mode, or had been sent for one.</summary>
    private static bool IsToBeRebuilt(Lock owned) => owned.Granted is not null || (owned.Pending == OperationKind.Lock && owned.Sent);

    private static Message RebuildMessage(Lock owned)
    {
        var isInDoubt = IsInDoubt(owned);
        var message = EngineCore.About(MessageKind.Rebuild, owned.Resource);
        message.Lock = owned.Id;
        message.Operation = OperationSent(owned);
        message.Mode = owned.Granted;
        message.Wanted = isInDoubt ? owned.Requested : null;
        message.Flags = owned.Flags;
        message.Session = owned.Session.Number;
        message.Transaction = owned.Transaction;
        message.Note = owned.Note;
        message.Token = owned.Token;
        message.StatusFlags = owned.StatusFlags;
        message.Process = owned.OrphanOf;
        if (isInDoubt && owned.Confirmed)
        {
            message.Facts |= MessageFacts.HasSequence;
            message.Number = (ulong)owned.Sequence;
        }

        if (isInDoubt && owned.Undoing is { } status)
        {
            message.Facts |= MessageFacts.IsToBeUndone;
            message.Status = status;
        }

        if (owned.Copy is { IsEmpty: false } copy)
        {
            message.ValueState = copy.State;
            message.ValueVersion = copy.Version;
            message.Value = copy.Bytes;
            if (owned.IsCopyCurrent)
                message.Facts |= MessageFacts.ValueIsCurrent;
        }

        return message;
    }

    private static void StageOwn(Lock owned)
    {
        owned.IsInDoubt = IsInDoubt(owned);
        owned.Applied = OperationSent(owned);
        if (!owned.IsInDoubt)
            owned.Requested = null; // a conversion that waits in the outbox asks again
        owned.Sent = false;
        owned.Resource.Stage(owned);
    }

    private static bool IsInDoubt(Lock owned) => owned.Pending != OperationKind.None && owned.Sent;

    /// <summary>The number of the last operation that a master may have been told of.</summary>
    private static uint OperationSent(Lock owned)
    {
        var unsent = (owned.Pending == OperationKind.Convert && !owned.Sent ? 1u : 0) + (owned.Ending ? 1u : 0);
        return owned.Operation - unsent;
    }
}
