using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tyer.Cluster;
using Tyer.Node.Clients;
using Tyer.Node.Lockspaces;
using Tyer.Node.Peers;
using Tyer.Node.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Time;

namespace Tyer.Node.Administration;

/// <summary>What this node says of itself: to its own operators, and to those who ask through another member.</summary>
internal sealed partial class LocalAnswers(NodeCore node)
{
    private readonly ILogger _log = node.Log;

    private static string Version { get; } =
        typeof(LocalAnswers).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    internal NodeStatus Status()
    {
        var counts = Count();
        return new NodeStatus
        {
            Name = node.Name,
            Id = node.Id,
            Incarnation = node.State.Incarnation.Value,
            HighestView = node.State.HighestView,
            Version = Version,
            Protocol = new ProtocolVersions(node.Settings.Protocol.Minimum, node.Settings.Protocol.Maximum),
            ProcessId = Environment.ProcessId,
            Host = Environment.MachineName,
            Uptime = node.Shards.Clock.Now - node.StartedAt,
            Serving = Serving(),
            Shards = node.Shards.Count,
            Sessions = node.Clients.Open.Count + OwnSessions().Count(),
            Lockspaces = [.. LockspacesOf(counts).Select(opened => new LockspaceStatus
            {
                Name = opened.Name,
                ValueSize = opened.Options.ValueSize,
                Sessions = opened.Users,
                Resources = counts.GetValueOrDefault(opened.Id).Resources,
                Locks = counts.GetValueOrDefault(opened.Id).Locks,
                Waiting = counts.GetValueOrDefault(opened.Id).Waiting,
            })],
            Clock = new ClockStatus
            {
                Source = BootClock.CountsSuspend ? "boot time" : "monotonic",
                CountsSuspend = BootClock.CountsSuspend,
                Jumps = 0,
                RealTimeHeartbeats = false,
            },
            StateDirectory = node.State.Path,
            ClientEndpoints = node.Clients.Endpoints,
            Security = node.Security.ModeName,
            Refused = node.Refusals,
            OnExpulsion = node.Settings.HasEngine || node.Settings.IsExternal ? node.Settings.Options.OnExpulsion.ToString().ToLowerInvariant() : null,
            Fencing = new FencingAnswers(node).Own,
        };
    }

    /// <summary>By number: each client with all its lockspaces, and what this process itself has open.</summary>
    internal IReadOnlyList<SessionInfo> Sessions() =>
        [.. node.Clients.Open.Select(Describe).Concat(OwnSessions().Select(Describe)).OrderBy(session => session.Number)];

    internal IReadOnlyList<LockspaceResource> Resources(ResourceQuestion question) => node.Queries.Local(question.Lockspace, question.Query);

    /// <summary>Takes a lock of one of this node's sessions away.</summary>
    internal RevokeResult Revoke(RevokeOrder order)
    {
        if (node.Shards.OfLock(order.Lock) is { } shard)
        {
            foreach (var session in node.Sessions.All)
            {
                if (session.Lockspace.Length == 0 || session.Revoke(shard, order.Lock) is not { } revoked)
                    continue;
                LogRevoked(order.Lock, revoked.Resource, session.Lockspace, revoked.Owner, order.Reason);
                return new RevokeResult
                {
                    Lock = order.Lock,
                    Outcome = RevokeOutcome.Revoked,
                    Owner = revoked.Owner,
                    Resource = revoked.Resource.ToString(),
                    Lockspace = session.Lockspace,
                };
            }
        }

        return new RevokeResult { Lock = order.Lock, Outcome = RevokeOutcome.NotFound };
    }

    /// <summary>Ends those of these orphans that are mastered here.</summary>
    internal IReadOnlyList<LockId> PurgeOrphans(OrphanPurgeOrder order)
    {
        var purged = new List<LockId>();
        foreach (var orphan in order.Orphans)
        {
            if (!node.Shards.PurgeOrphan(orphan))
                continue;
            LogPurged(orphan);
            purged.Add(orphan);
        }

        return purged;
    }

    /// <summary>The answer to another member's question, as JSON.</summary>
    internal byte[] Answer(QuestionTopic topic, ReadOnlySpan<byte> json) => topic switch
    {
        QuestionTopic.Status => JsonSerializer.SerializeToUtf8Bytes(Status(), NodeJson.Default.NodeStatus),
        QuestionTopic.Sessions => JsonSerializer.SerializeToUtf8Bytes(Sessions(), AdministrationJson.Default.IReadOnlyListSessionInfo),
        QuestionTopic.Resources => JsonSerializer.SerializeToUtf8Bytes(
            Resources(JsonSerializer.Deserialize(json, AdministrationJson.Default.ResourceQuestion)!), AdministrationJson.Default.IReadOnlyListLockspaceResource),
        QuestionTopic.Revoke => JsonSerializer.SerializeToUtf8Bytes(
            Revoke(JsonSerializer.Deserialize(json, AdministrationJson.Default.RevokeOrder)!), AdministrationJson.Default.RevokeResult),
        QuestionTopic.Purge => JsonSerializer.SerializeToUtf8Bytes(
            Purge(JsonSerializer.Deserialize(json, NodeJson.Default.PurgeOrder)!), NodeJson.Default.Int32),
        QuestionTopic.PurgeOrphans => JsonSerializer.SerializeToUtf8Bytes(
            PurgeOrphans(JsonSerializer.Deserialize(json, AdministrationJson.Default.OrphanPurgeOrder)!), AdministrationJson.Default.IReadOnlyListLockId),
        QuestionTopic.LockspaceName => JsonSerializer.SerializeToUtf8Bytes(
            node.Lockspaces.NameOf(JsonSerializer.Deserialize(json, NodeJson.Default.UInt32)), NodeJson.Default.String),
        _ => [],
    };

    private int Purge(PurgeOrder order) => node.Shards.Purge(order.Space, order.ProcessId);

    private ServingState Serving()
    {
        if (node.IsStopping)
            return ServingState.Stopping;
        if (node.Membership.State == StackState.Refused)
            return ServingState.Refused;
        if (node.Failed.IsCompleted)
            return ServingState.Stopping;
        return node.Membership.State switch
        {
            StackState.Operating => ServingState.Serving,
            StackState.Joining => ServingState.Starting,
            StackState.Suspended => ServingState.NoQuorum,
            StackState.Expelled => ServingState.Expelled,
            _ => ServingState.Stopping,
        };
    }

    private IEnumerable<NodeSession> OwnSessions() =>
        node.Sessions.All.Where(session => session.Renewals is null && session.Lockspace.Length > 0);

    private SessionInfo Describe(ClientConnection client)
    {
        var spaces = client.Spaces;
        var counts = spaces.Select(space => space.Session.CountLocks()).ToArray();
        return new SessionInfo
        {
            Node = node.Name,
            Number = client.Number,
            Owner = client.Owner,
            Transport = client.Transport,
            OpenFor = node.Shards.Clock.Now - client.OpenedAt,
            Lockspaces = [.. spaces.Select(space => space.Session.Lockspace)],
            LocksHeld = counts.Sum(count => count.Held),
            LocksWaiting = counts.Sum(count => count.Waiting),
            KeepAliveAge = client.Age,
            Timeout = client.Timeout,
        };
    }

    private SessionInfo Describe(NodeSession session)
    {
        var (held, waiting) = session.CountLocks();
        return new SessionInfo
        {
            Node = node.Name,
            Number = session.Number,
            Owner = session.Owner,
            Transport = session.Transport,
            OpenFor = node.Shards.Clock.Now - session.OpenedAt,
            Lockspaces = [session.Lockspace],
            LocksHeld = held,
            LocksWaiting = waiting,
        };
    }

    /// <summary>Those that are open here, and those of which something is left here.</summary>
    private IEnumerable<OpenedLockspace> LockspacesOf(Dictionary<uint, (int Resources, int Locks, int Waiting)> counts) =>
        node.Lockspaces.Opened
            .Union(counts.Keys.Select(node.Lockspaces.Find).OfType<OpenedLockspace>())
            .OrderBy(opened => opened.Name, StringComparer.Ordinal);

    private Dictionary<uint, (int Resources, int Locks, int Waiting)> Count()
    {
        var counts = new Dictionary<uint, (int Resources, int Locks, int Waiting)>();
        foreach (var state in node.Queries.Mastered(_ => true))
        {
            var (resources, locks, waiting) = counts.GetValueOrDefault(state.Space);
            counts[state.Space] = (resources + 1, locks + state.Granted.Count + state.Converting.Count, waiting + state.Waiting.Count + state.Converting.Count);
        }

        return counts;
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Revoked {Lock} on '{Resource}' in lockspace '{Lockspace}' from {Owner}: {Reason}")]
    private partial void LogRevoked(LockId @lock, ResourceName resource, string lockspace, LockOwner owner, string reason);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Warning, Message = "Purged the orphan {Lock}, as an operator said")]
    private partial void LogPurged(LockId @lock);
}
