using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;

namespace Tyer.Engine.Directory;

/// <summary>
/// Who is master of what: finding the master of a resource, answering those who ask (where this node is the directory node of a name),
/// and letting go of what nobody uses. <c>docs/architecture.md</c>, "Placement".
/// </summary>
internal sealed class DirectorySide(EngineCore core)
{
    /// <summary>Sends the requests of a resource that have not left yet to its master, or finds out first who that is.</summary>
    internal void Resolve(Resource resource)
    {
        if (resource.Role != ResourceRole.Client || resource.Owned.IsEmpty || core.View is not { } view)
            return;
        if (resource.Master == 0)
        {
            var directory = view.Placement.NodeOf(resource.Slot);
            if (directory != core.Node)
            {
                Ask(resource, directory);
                return;
            }

            if (resource.Record == 0)
            {
                BecomeMaster(resource, core.Clock);
                return;
            }

            resource.Master = resource.Record;
        }

        SendUnsent(resource);
    }

    /// <summary>Everything that waited for the first view.</summary>
    internal void ResolveAll()
    {
        for (var bucket = 0; bucket < core.Resources.Buckets; bucket++)
        {
            for (var resource = core.Resources.FirstIn(bucket); resource is not null; resource = resource.NextInBucket)
                Resolve(resource);
        }
    }

    // At the directory node.

    /// <summary>Somebody asks who is master; the first who asks becomes it.</summary>
    internal void Lookup(uint from, in Message message, ulong hash)
    {
        if (core.View!.Placement.NodeOf(message.Slot) != core.Node)
            return; // of another view: the asker asks again where the directory is now
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        var answer = EngineCore.About(MessageKind.Master, resource);
        answer.Number = core.Clock;
        if (resource.Role == ResourceRole.Active)
        {
            answer.Node = core.Node;
            core.Send(from, answer);
            core.Incoming.Request(from, message, resource);
            return;
        }

        if (resource.Record == 0)
            resource.Record = from;
        answer.Node = resource.Record;
        core.Send(from, answer);
        core.LetRest(resource);
    }

    /// <summary>An idle master lets go.</summary>
    internal void Remove(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { } resource && resource.Record == from)
        {
            core.RaiseClock(message.Number);
            resource.Record = 0;
            if (resource.Role == ResourceRole.Client && resource.Master == from && resource.Owned.IsEmpty)
                resource.Master = 0;
            core.LetRest(resource);
        }

        core.Send(from, new Message { Kind = MessageKind.Removed, Slot = message.Slot, Space = message.Space, Name = message.Name });
    }

    // At those who asked.

    /// <summary>The directory's answer: we are master, or somebody else is.</summary>
    internal void Answered(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Role: ResourceRole.Asking } resource)
            return;
        resource.Role = ResourceRole.Client;
        if (message.Node == core.Node)
        {
            BecomeMaster(resource, message.Number);
            return;
        }

        if (!HasTakenIn(resource))
            resource.Master = message.Node;
        // The lookup carried the first request. It was acted upon if the directory node is the master itself.
        if (message.Node != from && core.Locks.Find(resource.Asker) is { } asker)
            asker.Sent = false;
        SendUnsent(resource);
        HandParkedOn(resource);
        core.LetRest(resource);
    }

    /// <summary>The directory has forgotten us: we are no longer master, and what came meanwhile has to ask again.</summary>
    internal void Removed(in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Role: ResourceRole.Releasing } resource)
            return;
        resource.Role = ResourceRole.Client;
        resource.Master = 0;
        HandParkedOn(resource);
        if (resource.Owned.IsEmpty)
            core.LetRest(resource);
        else
            Resolve(resource);
    }

    /// <summary>The node we took for the master says that it is not: what was sent there goes out again when the master is known.</summary>
    internal void NotMaster(uint from, Lock refused)
    {
        var resource = refused.Resource;
        if (resource.Role == ResourceRole.Client && resource.Master == from)
            resource.Master = 0;
        if (core.Owner.IsNoLongerWanted(refused))
            return;
        refused.Sent = false;
        Resolve(resource);
    }

    // Idle resources.

    internal void ReleaseIdle()
    {
        while (core.Idle.First is { } listed && core.Now - listed.ListedSince >= core.Options.IdleKept)
        {
            var idle = core.Idle.RemoveFirst();
            if (idle.IsInUse || idle.IsRecordOnly)
                continue;
            if (core.Now - idle.IdleSince < core.Options.IdleKept)
            {
                core.Idle.Add(idle, core.Now);
                continue;
            }

            var directory = core.View?.Placement.NodeOf(idle.Slot) ?? core.Node;
            if (idle.Role != ResourceRole.Active || directory == core.Node)
            {
                core.Resources.Remove(idle);
                continue;
            }

            idle.Role = ResourceRole.Releasing;
            var message = EngineCore.About(MessageKind.Remove, idle);
            message.Number = core.Clock;
            core.Send(directory, message);
        }
    }

    private void Ask(Resource resource, uint directory)
    {
        resource.Role = ResourceRole.Asking;
        var asker = resource.Owned.First!;
        while (asker.Sent)
            asker = asker.Next!;
        resource.Asker = asker.Id;
        core.Sessions.IntroduceTo(directory, asker.Session, resource.Slot);
        core.Send(directory, OwnerSide.RequestMessage(MessageKind.Lookup, asker));
        asker.Sent = true;
    }

    private void SendUnsent(Resource resource)
    {
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (!each.Sent)
                core.Owner.SendRequest(each, resource.Master);
        }
    }

    private static bool HasTakenIn(Resource resource)
    {
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (each.IsTakenIn)
                return true;
        }

        return false;
    }

    private void BecomeMaster(Resource resource, ulong clock)
    {
        core.RaiseClock(clock);
        resource.Role = ResourceRole.Active;
        resource.Master = 0;
        if (core.View!.Placement.NodeOf(resource.Slot) == core.Node)
            resource.Record = core.Node;
        while (resource.Owned.First is { } asker)
        {
            Invariant.Check(asker.Ending || !asker.IsTakenIn, "a lock has one master");
            if (core.Owner.IsNoLongerWanted(asker))
                continue;
            resource.RemoveOwned(asker);
            asker.Sent = false;
            core.Master.Request(asker);
        }

        HandParkedOn(resource);
        core.LetRest(resource);
    }

    /// <summary>What came while it was not known who is master is taken in as if it came now.</summary>
    private void HandParkedOn(Resource resource)
    {
        if (resource.Parked is not { Count: > 0 } parked)
            return;
        resource.Parked = null;
        foreach (var message in parked)
            core.Incoming.Receive(message.From, message.Bytes);
    }
}
