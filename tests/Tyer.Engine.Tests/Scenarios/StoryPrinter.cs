using System.Globalization;
using System.Text;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>Says in a line what happened or how things stand.</summary>
internal sealed class StoryPrinter(EngineCluster cluster, uint space, Func<LockId, string> nameOf)
{
    internal string Event(EngineEvent told)
    {
        var name = nameOf(told.Lock);
        return told switch
        {
            BlockingEvent blocking =>
                $"{name} blocking {blocking.Wanted.ToShortName()} by {Encoding.UTF8.GetString(blocking.Requester)}{Label(blocking.Note)}{For(blocking.Waited)}",
            WaitsLongEvent waits => $"{name} waits long{For(waits.Waited)}",
            CancelAnsweredEvent cancel => CancelAnswered(name, cancel.Outcome),
            CompletedEvent completed => Completed(name, completed),
            _ => throw new ArgumentOutOfRangeException(nameof(told)),
        };
    }

    internal static string CancelAnswered(string name, CancelOutcome outcome) => $"{name} cancel answered: {outcome}";

    /// <summary>Those who have begun to wait at a master since the last time.</summary>
    internal IEnumerable<string> Waits(HashSet<(LockId Id, uint Operation)> told) => [..
        from node in cluster.Nodes
        from resource in ClusterAudit.ResourcesOf(cluster[node])
        where resource.Role == ResourceRole.Active
        from waiting in ClusterAudit.LocksOn(resource.Queues.Converting).Concat(ClusterAudit.LocksOn(resource.Queues.Waiting))
        where told.Add((waiting.Id, waiting.Applied))
        select $"{nameOf(waiting.Id)} waits ({InTheWayOf(waiting, resource.Queues)})"];

    /// <summary>What a node is to a resource, and at its master the queues and the value.</summary>
    internal IEnumerable<string> Resource(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var hash = Placement.HashOf(space, new ResourceName(name).Hash);
        foreach (var node in cluster.Nodes)
        {
            if (cluster[node].Core.Resources.Find(space, hash, bytes) is { } resource)
            {
                var record = resource.Record == 0 ? "" : $", records n{resource.Record} as master";
                var parked = resource.Parked is { Count: > 0 } messages ? $", parks {messages.Count}" : "";
                yield return $"n{node} {RoleOf(resource)}{record}{parked}";
                foreach (var line in Mastered(resource))
                    yield return line;
            }
        }
    }

    /// <summary>How many of everything each node has.</summary>
    internal IEnumerable<string> Nodes() =>
        from node in cluster.Nodes
        let core = cluster[node].Core
        select $"n{node} has {core.Locks.Count} locks, {core.Resources.Count} resources, "
            + $"{core.Sessions.Count} sessions, {core.Deadlines.Count} deadlines";

    /// <summary>Which view each node has, and whether it still waits for anybody.</summary>
    internal IEnumerable<string> Views() =>
        from node in cluster.Nodes
        let membership = cluster[node].Core.Recovery.Membership
        let view = membership.View
        let members = view is null ? "" : " of " + string.Join(' ', view.Members.Select(member => $"n{member.Node}"))
        let directory = view is null || membership.IsDirectoryComplete ? "" : ", directory incomplete"
        let unproven = membership.Unproven.Count == 0 ? "" : ", no proof of " + string.Join(' ', membership.Unproven.Select(each => $"n{each.Node}"))
        select $"n{node} has {(view is null ? "no view" : $"view {view.Id}")}{members}{directory}{unproven}{(membership.IsSettled ? ", settled" : "")}";

    internal string Message(uint from, uint to, in Message message)
    {
        var kind = message.Kind;
        return kind switch
        {
            MessageKind.Lookup or MessageKind.Request =>
                $"{kind} {nameOf(message.Lock)} {Encoding.UTF8.GetString(message.Name)} {Mode(message)}{FlagNames.Print(message.Flags)}",
            MessageKind.Master =>
                $"{kind} {Encoding.UTF8.GetString(message.Name)} is n{message.Node}, clock {message.Number}{Facts(message.Facts)}",
            MessageKind.Record when message.Node != 0 => $"{kind} {Encoding.UTF8.GetString(message.Name)}, after n{message.Node}",
            MessageKind.Locate or MessageKind.Record or MessageKind.Recorded or MessageKind.Rebuilt or MessageKind.Expect or MessageKind.Expected
                or MessageKind.MovedNoted or MessageKind.Taken or MessageKind.NewMaster or MessageKind.MoveCalledOff =>
                $"{kind} {Encoding.UTF8.GetString(message.Name)}{Facts(message.Facts)}",
            MessageKind.Rebuild => $"{kind} {nameOf(message.Lock)} {Encoding.UTF8.GetString(message.Name)} {Rebuilt(message)}",
            MessageKind.Keep or MessageKind.RebuildKept =>
                $"{kind} {nameOf(message.Lock)} {Encoding.UTF8.GetString(message.Name)} of n{message.Node} {Rebuilt(message)}",
            MessageKind.RebuildEnd => $"{kind} {Encoding.UTF8.GetString(message.Name)}, {message.Number} in all",
            MessageKind.Moved => $"{kind} {Encoding.UTF8.GetString(message.Name)} to n{message.Node}",
            MessageKind.MovedSession => $"{kind} {Encoding.UTF8.GetString(message.Text)}",
            MessageKind.MovedLock => $"{kind} {nameOf(message.Lock)} {Rebuilt(message)}",
            MessageKind.MovedMessage => $"{kind} of n{message.Node}: {Enclosed(message.Node, to, message.Text)}",
            MessageKind.Move => $"{kind} {Encoding.UTF8.GetString(message.Name)}, clock {message.Number}{Value(message)}",
            MessageKind.NotMaster when message.Node != 0 => $"{kind} {nameOf(message.Lock)}, n{message.Node} is",
            MessageKind.Remove => $"{kind} {Encoding.UTF8.GetString(message.Name)}, clock {message.Number}{Facts(message.Facts)}",
            MessageKind.Removed => $"{kind} {Encoding.UTF8.GetString(message.Name)}",
            MessageKind.Convert => $"{kind} {nameOf(message.Lock)} {Mode(message)}{FlagNames.Print(message.Flags)}{Value(message)}",
            MessageKind.Unlock => $"{kind} {nameOf(message.Lock)}{FlagNames.Print(message.Flags)}{Value(message)}",
            MessageKind.Cancel => $"{kind} {nameOf(message.Lock)} as {message.Status}",
            MessageKind.Granted =>
                $"{kind} {nameOf(message.Lock)} {Mode(message)} token {message.Token}{Status(message.StatusFlags)}{Value(message)}",
            MessageKind.Denied => $"{kind} {nameOf(message.Lock)} {message.Status}{Keeps(message.Mode)}",
            MessageKind.Blocking => $"{kind} {nameOf(message.Lock)} {Mode(message)} by {Encoding.UTF8.GetString(message.Text)}",
            MessageKind.Introduce => $"{kind} {Encoding.UTF8.GetString(message.Text)}",
            MessageKind.Farewell => $"{kind} of {SessionOf(to, from, message.Session)}",
            _ => $"{kind} {nameOf(message.Lock)}",
        };
    }

    private string Enclosed(uint from, uint to, ReadOnlySpan<byte> bytes) =>
        MessageCodec.TryRead(bytes, out var message) ? Message(from, to, message) : "what cannot be read";

    private static string Rebuilt(in Message message)
    {
        var held = message.Mode is { } mode ? $"{mode.ToShortName()} token {message.Token}" : "no mode";
        var place = (message.Facts & MessageFacts.HasSequence) != 0 ? $" in place {message.Number}" : "";
        var wants = message.Wanted is { } wanted ? $", wants {wanted.ToShortName()}{place}" : "";
        return $"{held}{wants}{FlagNames.Print(message.Flags)}{Value(message)}{Facts(message.Facts & ~MessageFacts.HasSequence)}";
    }

    private static string Facts(MessageFacts facts) => facts == MessageFacts.None ? "" : $" ({facts})";

    private string Completed(string name, CompletedEvent told)
    {
        var end = told.Completion;
        var flags = Status(end.Flags);
        return end.Status switch
        {
            RequestStatus.Granted => $"{name} granted {end.Mode!.Value.ToShortName()} token {told.Token}{flags}{ValueRead(told)}",
            RequestStatus.Unlocked => $"{name} unlocked{flags}",
            RequestStatus.Cancelled => $"{name} cancelled{Keeps(end.Mode)}{flags}",
            RequestStatus.TimedOut => $"{name} timed out{Keeps(end.Mode)}{flags}{Report(end.Report)}",
            _ => $"{name} denied {end.Status}{Keeps(end.Mode)}{flags}{Report(end.Report)}",
        };
    }

    private static string Keeps(LockMode? mode) => mode is { } kept ? $", keeps {kept.ToShortName()}" : "";

    private static string Mode(in Message message) => message.Mode?.ToShortName() ?? "no mode";

    private static string ValueRead(CompletedEvent told) =>
        told.Completion.ValueRead ? $" value {Value(told.Value, told.ValueState, told.ValueVersion)}" : "";

    private static string Value(in Message message) =>
        message.ValueState is { } state ? $" value {Value(message.Value, state, message.ValueVersion)}" : "";

    private static string Value(ReadOnlySpan<byte> bytes, LockValueState state, ulong version)
    {
        var suffix = state == LockValueState.Valid ? "" : $" {state}";
        return string.Create(CultureInfo.InvariantCulture, $"\"{Encoding.UTF8.GetString(bytes)}\" v{version}{suffix}");
    }

    private static string Status(StatusFlags flags)
    {
        var demoted = flags.HasFlag(StatusFlags.Demoted) ? " DEMOTED" : "";
        var notValid = flags.HasFlag(StatusFlags.ValueNotValid) ? " VALNOTVALID" : "";
        var alternate = flags.HasFlag(StatusFlags.AlternateMode) ? " ALTMODE" : "";
        return demoted + notValid + alternate;
    }

    private string Report(WaitReport? report)
    {
        if (report is null)
            return "";
        var holders = report.Holders.Select(Holder);
        var more = report.HolderCount > report.Holders.Count ? $" and {report.HolderCount - report.Holders.Count} more" : "";
        var held = report.HolderCount > 0 ? $"held by {string.Join(", ", holders)}{more}" : "held by nobody";
        return report.Position == 0 ? $" ({held})" : $" (position {report.Position}, {held})";
    }

    private string Holder(HolderReport holder)
    {
        var session = Encoding.UTF8.GetString(holder.Identity.Span);
        var orphan = holder.IsOrphan ? " orphan" : "";
        return $"{nameOf(holder.Id)} of {session}{Label(holder.Note.Span)} {holder.Mode.ToShortName()} token {holder.Token}{For(holder.HeldFor)}{orphan}";
    }

    private static string For(long ticks) => ticks == 0 ? "" : $" for {Arguments.TextOf(TimeSpan.FromTicks(ticks))}";

    private string InTheWayOf(Lock waiting, LockQueues queues)
    {
        var held = ClusterAudit.LocksOn(queues.Granted).Concat(ClusterAudit.LocksOn(queues.Converting));
        var blockers = held
            .Where(holder => holder != waiting && !LockModes.IsCompatible(holder.Granted!.Value, waiting.Requested!.Value))
            .Select(holder => $"{Whose(holder)} {holder.Granted!.Value.ToShortName()}")
            .ToArray();
        if (blockers.Length > 0)
            return $"blocked by {string.Join(", ", blockers)}";
        var ahead = ClusterAudit.LocksOn(queues.Converting).Concat(ClusterAudit.LocksOn(queues.Waiting)).First();
        return ahead == waiting ? "in the way of itself" : $"behind {Whose(ahead)} for {ahead.Requested!.Value.ToShortName()}";
    }

    private IEnumerable<string> Mastered(Resource resource)
    {
        foreach (var staged in ClusterAudit.LocksOn(resource.Staged))
        {
            var held = staged.Granted is { } mode ? $" {mode.ToShortName()}" : "";
            var wants = staged.Requested is { } wanted ? $" wants {wanted.ToShortName()}" : "";
            yield return $"  has {Whose(staged)}{held}{wants}";
        }

        foreach (var copy in resource.Copies ?? [])
            yield return $"  keeps {nameOf(copy.Id)}@n{copy.Id.Node} {copy.Mode.ToShortName()} token {copy.Token}";
        if (resource.Role != ResourceRole.Active)
            yield break;
        foreach (var granted in ClusterAudit.LocksOn(resource.Queues.Granted))
            yield return $"  granted {Whose(granted)} {granted.Granted!.Value.ToShortName()} token {granted.Token}{Extras(granted)}";
        foreach (var converting in ClusterAudit.LocksOn(resource.Queues.Converting))
        {
            var (from, to) = (converting.Granted!.Value.ToShortName(), converting.Requested!.Value.ToShortName());
            yield return $"  converting {Whose(converting)} {from} to {to}{Extras(converting)}";
        }

        foreach (var waiting in ClusterAudit.LocksOn(resource.Queues.Waiting))
            yield return $"  waiting {Whose(waiting)} {waiting.Requested!.Value.ToShortName()}{Extras(waiting)}";
        if (resource.Value is { IsEmpty: false } value)
            yield return $"  value {Value(value.Bytes, value.State, value.Version)}";
    }

    private string Extras(Lock shown)
    {
        var orphan = shown.OrphanOf != 0 ? $" orphan of process {shown.OrphanOf}" : "";
        var master = cluster.Nodes.Select(node => cluster[node].Core).First(core => core.Locks.Find(shown.Id) == shown);
        var kept = master.Keepers.KeeperOf(shown) is var keeper && keeper != 0 ? $" kept by n{keeper}" : "";
        return Label(shown.Note) + orphan + kept;
    }

    private static string Label(ReadOnlySpan<byte> note) => note.IsEmpty ? "" : $" label {Encoding.UTF8.GetString(note)}";

    private string Whose(Lock shown) => $"{nameOf(shown.Id)}@n{shown.Id.Node}";

    private string SessionOf(uint to, uint node, uint number) => cluster[to].Core.Sessions.Find(node, number) is { } session
        ? Encoding.UTF8.GetString(session.Identity.Span)
        : "a session unknown there";

    private static string RoleOf(Resource resource) => resource.Role switch
    {
        ResourceRole.Active => "is master",
        ResourceRole.Asking => "asks who is master",
        ResourceRole.Releasing => "lets go",
        ResourceRole.Rebuilding => "rebuilds",
        ResourceRole.Moving => $"hands over to n{resource.Move!.To}",
        ResourceRole.Expecting => $"expects to take over from n{resource.Move!.From}",
        _ when resource.Master != 0 => $"takes n{resource.Master} for master",
        _ => "knows no master",
    };
}
