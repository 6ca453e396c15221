using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tyer.Cluster;
using Tyer.Cluster.Glue;
using Tyer.Node.Lockspaces;
using Tyer.Node.Peers;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>What operators ask of the cluster through this node: each member answers for itself, and who does not is named.</summary>
internal sealed class NodeAdministration(NodeCore node) : ITyerAdministration
{
    private readonly RecoveryAnswers _recoveries = new(node);
    private readonly MembershipOrders _orders = new(node);
    private readonly PeerOrders _peers = new(node);
    private readonly FencingAnswers _fencing = new(node);

    public async ValueTask<ClusterStatus> StatusAsync(CancellationToken cancellationToken = default)
    {
        var membership = node.Membership;
        var leased = membership.Stack as LeasedStack;
        var nodes = await NodesAsync(cancellationToken).ConfigureAwait(false);
        return new ClusterStatus
        {
            Cluster = node.Settings.Cluster,
            Node = node.Answers.Status(),
            Stack = new StackStatus
            {
                Name = node.Settings.Options.Stack,
                State = $"{membership.State}: {membership.StateReason}",
                Capabilities = membership.Capabilities?.All ?? [],
                Warning = membership.Stack?.Caution,
            },
            View = membership.View is { } view
                ? new ViewStatus
                {
                    Id = view.Id,
                    HasQuorum = view.HasQuorum,
                    Running = view.Running,
                    IsSettled = node.Shards.IsSettled,
                    Age = node.Shards.Clock.Now - membership.ViewSince,
                }
                : null,
            Nodes = nodes,
            Recovery = _recoveries.UnderWay,
            Fencing = _fencing.Status(nodes),
            Frozen =
            [
                .. membership.Unproven.OrderBy(each => each.Key.Node).ThenBy(each => each.Key.Incarnation).Select(each => Describe(each.Key, each.Value)),
                .. membership.Leaving.Where(each => each.Value.HasLeft).OrderBy(each => each.Key.Node).Select(each => Describe(each.Key, each.Value)),
                .. membership.Lost.Values.OrderBy(lost => lost.Peer.Id).Select(Describe),
            ],
            Timing = new TimingStatus
            {
                SessionTimeout = node.Settings.Options.SessionTimeout,
                ClientMargin = NodeLimits.ClientMargin,
                ClockRateError = NodeLimits.ClockRateError,
                NodeLease = leased?.Terms.Length,
                NodeLeaseRenewal = leased?.Terms.RenewEvery,
                NodeLeaseMargin = leased?.Terms.Margin,
                SafeFor = node.SafeFor == Timeout.InfiniteTimeSpan ? null : node.SafeFor,
                NodeDeathBound = leased?.ProofBound + NodeLimits.RecoveryMax,
            },
            Limitations = Limitations(),
        };
    }

    public async ValueTask<IReadOnlyList<NodeInfo>> NodesAsync(CancellationToken cancellationToken = default)
    {
        var asked = await AskOthersAsync(QuestionTopic.Status, default, cancellationToken).ConfigureAwait(false);
        var infos = new List<NodeInfo>();
        foreach (var (id, name) in Listed())
        {
            var member = node.Membership.View?.Find(id);
            var lost = node.Membership.Lost.GetValueOrDefault(id);
            // One that departed without proof and is back in a new life is a member; status tells what its earlier life keeps frozen.
            var departed = member is null ? node.Membership.Unproven.Keys.FirstOrDefault(each => each.Node == id) : default;
            var answer = asked.FirstOrDefault(answer => answer.Member.Id == id).Json;
            var status = id.Value == node.Id ? node.Answers.Status() : Read(answer, NodeJson.Default.NodeStatus);
            infos.Add(new NodeInfo
            {
                Name = name,
                Id = id.Value,
                Incarnation = member?.Incarnation.Value ?? departed.Incarnation.Value,
                Membership = member is not null && node.Membership.Leaving.TryGetValue(member.NodeIncarnation, out var leaving) ? (leaving.HasLeft ? NodeMembership.Left : NodeMembership.Leaving)
                    : lost is not null || departed != default ? NodeMembership.Lost
                    : member is null ? NodeMembership.Absent
                    : NodeMembership.Member,
                IsReachable = id.Value == node.Id ? null : node.Peers?.IsReachable(id.Value) ?? false,
                Since = lost is null ? null : node.Shards.Clock.Now - lost.Since,
                Trouble = lost?.Why,
                Addresses = member?.Addresses ?? [],
                Weight = member?.Weight ?? 0,
                Protocol = status?.Protocol ?? (member is null ? null : new ProtocolVersions(member.Protocol.Minimum, member.Protocol.Maximum)),
                Status = status,
            });
        }

        return infos;
    }

    public async IAsyncEnumerable<SessionInfo> SessionsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var session in node.Answers.Sessions())
            yield return session;
        var answers = await AskOthersAsync(QuestionTopic.Sessions, default, cancellationToken).ConfigureAwait(false);
        foreach (var answer in answers)
        {
            foreach (var session in Read(answer.Json, AdministrationJson.Default.IReadOnlyListSessionInfo) ?? [])
                yield return session;
        }

        ThrowIfIncomplete("The list of sessions", answers);
    }

    public async ValueTask<RevokeResult> RevokeAsync(LockId id, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        var order = new RevokeOrder(id, reason);
        if (id.Node == node.Id)
            return node.Answers.Revoke(order);
        if (node.Peers is null || !NodeId.IsValid(id.Node) || node.Membership.View?.Find(new NodeId(id.Node)) is null)
            return new RevokeResult { Lock = id, Outcome = RevokeOutcome.NotFound };
        var json = JsonSerializer.SerializeToUtf8Bytes(order, AdministrationJson.Default.RevokeOrder);
        var answer = await node.Peers.AskAsync(id.Node, QuestionTopic.Revoke, json, cancellationToken).ConfigureAwait(false);
        return Read(answer, AdministrationJson.Default.RevokeResult) ?? new RevokeResult { Lock = id, Outcome = RevokeOutcome.NodeUnreachable };
    }

    public async ValueTask<OrphanPurgeResult> PurgeOrphansAsync(IReadOnlyList<LockId> orphans, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(orphans);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(orphans.Count, OrphanPurgeResult.OrphansMax, nameof(orphans));
        var order = new OrphanPurgeOrder(orphans);
        var json = JsonSerializer.SerializeToUtf8Bytes(order, AdministrationJson.Default.OrphanPurgeOrder);
        // Their masters end them, as those alone know the orphans of nodes that are gone.
        var asked = AskOthersAsync(QuestionTopic.PurgeOrphans, json, cancellationToken);
        var purged = node.Answers.PurgeOrphans(order);
        var answers = await asked.ConfigureAwait(false);
        return new OrphanPurgeResult
        {
            Purged = [.. purged, .. answers.SelectMany(answer => Read(answer.Json, AdministrationJson.Default.IReadOnlyListLockId) ?? [])],
            Silent = [.. answers.Where(answer => answer.Json is null).Select(answer => answer.Member.Name)],
        };
    }

    public async IAsyncEnumerable<LockspaceResource> QueryAsync(
        string? lockspace, ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        query.Validate();
        var question = new ResourceQuestion(lockspace, query);
        var json = JsonSerializer.SerializeToUtf8Bytes(question, AdministrationJson.Default.ResourceQuestion);
        var answers = await AskOthersAsync(QuestionTopic.Resources, json, cancellationToken).ConfigureAwait(false);
        var everything = node.Answers.Resources(question)
            .Concat(answers.SelectMany(answer => Read(answer.Json, AdministrationJson.Default.IReadOnlyListLockspaceResource) ?? [])).ToArray();
        var names = lockspace is null ? await NamesAsync(everything, cancellationToken).ConfigureAwait(false) : [];
        var found = everything
            .Select(each => each with { Lockspace = lockspace ?? names.GetValueOrDefault(each.Lockspace, each.Lockspace) })
            .OrderBy(each => each.Lockspace, StringComparer.Ordinal)
            .ThenBy(each => each.Snapshot.Resource)
            .Take(query.Count);
        foreach (var each in found)
            yield return each;
        ThrowIfIncomplete("The list of resources", answers);
    }

    public async ValueTask<MembershipResult> SetViewAsync(ViewOrder view, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        return await _orders.SetViewAsync(view).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<MembershipResult> RenewViewAsync(ulong view, TimeSpan safeFor, CancellationToken cancellationToken = default) =>
        await _orders.RenewAsync(view, safeFor).WaitAsync(cancellationToken).ConfigureAwait(false);

    public async ValueTask<MembershipResult> FenceAsync(string who, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        return await _orders.FenceAsync(who).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<FenceTestResult> TestFencingAsync(string who, string action, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(action);
        return await _fencing.TestAsync(new FenceTestOrder(who, action), cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<IReadOnlyList<PeerInfo>> PeersAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(_peers.All);

    public async ValueTask<IReadOnlyList<PeerInfo>> OrderPeerAsync(PeerOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        await _peers.OrderAsync(order).WaitAsync(cancellationToken).ConfigureAwait(false);
        return _peers.All;
    }

    public ValueTask<PeerOptions> SetPeerOptionsAsync(PeerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ValueTask.FromResult(_peers.Change(options));
    }

    public async ValueTask<IReadOnlyList<ProbeInfo>> ProbeAsync(ProbeOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        return await _peers.ProbeAsync(order, cancellationToken).ConfigureAwait(false);
    }

    public IAsyncEnumerable<ClusterEvent> EventsAsync(bool follow, CancellationToken cancellationToken = default) =>
        node.Wiring.Events.Hub.FollowAsync(follow, cancellationToken);

    public ValueTask<IReadOnlyList<RecoveryInfo>> RecoveriesAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(_recoveries.All);

    /// <summary>Who masters a resource need not have its lockspace open, nor know what it is called: others do.</summary>
    private async ValueTask<Dictionary<string, string>> NamesAsync(IEnumerable<LockspaceResource> found, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, string>();
        foreach (var unnamed in found.Select(each => each.Lockspace).Distinct())
        {
            if (LockspaceRegistry.UnnamedId(unnamed) is not { } id)
                continue;
            var name = node.Lockspaces.NameOf(id);
            if (name.Length == 0)
            {
                var json = JsonSerializer.SerializeToUtf8Bytes(id, NodeJson.Default.UInt32);
                var answers = await AskOthersAsync(QuestionTopic.LockspaceName, json, cancellationToken).ConfigureAwait(false);
                name = answers.Select(answer => Read(answer.Json, NodeJson.Default.String)).FirstOrDefault(each => each is { Length: > 0 }) ?? unnamed;
            }

            names[unnamed] = name;
        }

        return names;
    }

    private static T? Read<T>(byte[]? json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null; // a member of another version, say: as if it had not answered
        }
    }

    private static void ThrowIfIncomplete(string what, IReadOnlyList<PeerAnswer> answers)
    {
        var silent = answers.Where(answer => answer.Json is null).Select(answer => answer.Member.Name).ToArray();
        if (silent.Length > 0)
        {
            throw new LockUnavailableException(
                UnavailableReason.Incomplete, what, $"no answer within {NodeLimits.QueryTimeout.TotalSeconds:0} s from {string.Join(", ", silent)}, so only what the others know is here; 'tyer nodes' tells more");
        }
    }

    private FrozenPart Describe(LostPeer lost) => new()
    {
        Node = lost.Peer.Name,
        NodeId = lost.Peer.Id.Value,
        Incarnation = lost.Peer.Incarnation.Value,
        Since = node.Shards.Clock.Now - lost.Since,
        What = $"locks that {lost.Peer.Name} holds, resources that it masters, and first uses of names whose directory is on it",
        WaitsFor = $"{lost.Peer.Name} in the same life",
        Remedy = node.Settings.IsExternal
            ? $"If {lost.Peer.Name} has stopped for good, its control daemon has to tell every other node a view without it ('tyer view set') and, when that is certain, so ('tyer view fence {lost.Peer.NodeIncarnation}')."
            : $"If {lost.Peer.Name} has stopped for good, stop all nodes and start them again: with this stack nobody recovers from a node's loss.",
    };

    private FrozenPart Describe(NodeIncarnation left, LeavingPeer peer) => new()
    {
        Node = node.NameOf(left.Node.Value),
        NodeId = left.Node.Value,
        Incarnation = left.Incarnation.Value,
        Since = node.Shards.Clock.Now - peer.Since,
        What = $"first uses of names whose directory is on {node.NameOf(left.Node.Value)}, which has left",
        WaitsFor = $"a view without {node.Membership.NameOf(left)}",
        Remedy = "The control daemon has to give every other node a view without it ('tyer view set'); it has proven by itself that it has stopped.",
    };

    private FrozenPart Describe(NodeIncarnation departed, TimeSpan since) => new()
    {
        Node = node.NameOf(departed.Node.Value),
        NodeId = departed.Node.Value,
        Incarnation = departed.Incarnation.Value,
        Since = node.Shards.Clock.Now - since,
        What = $"locks that {node.Membership.NameOf(departed)} held, resources that it mastered, and first uses of names whose directory was on it",
        WaitsFor = WaitsFor(departed),
        Remedy = (_fencing.RemedyFor(departed) is { } fencing ? $"{fencing} " : "") + (node.Membership.Stack is IFencingStack
            ? $"When it is certain that it and its clients have stopped, say so on any node: 'tyer fence ack {node.NameOf(departed.Node.Value)}'."
            : $"When that is certain, tell every node: 'tyer view fence {departed}'."),
    };

    private string WaitsFor(NodeIncarnation departed)
    {
        var who = node.Membership.NameOf(departed);
        if ((node.Membership.Stack as IFencingStack)?.RunsOutAt(departed) is not { } at)
            return $"proof that {who} and its clients have stopped";
        var fencing = (node.Membership.Stack as LeasedStack)?.Fencing;
        if (fencing is { ProvesByTime: false })
            return $"a fence agent to cut the power of {who}";
        var waited = fencing is { StarvesWatchdog: true } ? $"the lease of {who} and twice its watchdog's time" : $"the lease of {who}";
        var left = at - node.Shards.Clock.Now;
        return left > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"{waited} to run out, by this node's count in {left.TotalSeconds:0.0} s")
            : $"the others' word that {waited} has run out by their count, too";
    }

    private static List<string> Limitations()
    {
        var limitations = new List<string> { KnownLimitations.ConversionDeadlocksOnly };
        if (!Time.BootClock.CountsSuspend)
            limitations.Add(KnownLimitations.ClockStopsInSuspend);
        return limitations;
    }

    private IEnumerable<(NodeId Id, string Name)> Listed()
    {
        var listed = new SortedDictionary<NodeId, string> { [node.Settings.Id] = node.Name };
        foreach (var peer in node.Wiring.Known.All)
            listed[peer.Id] = peer.Name;
        foreach (var member in node.Membership.View?.Members ?? [])
            listed[member.Id] = member.Name;
        return listed.Select(each => (each.Key, each.Value));
    }

    private async ValueTask<IReadOnlyList<PeerAnswer>> AskOthersAsync(QuestionTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        if (node.Peers is not { } peers || node.Membership.View is not { } view)
            return [];
        var others = view.Members.Where(member => member.Id.Value != node.Id).ToArray();
        return await Task.WhenAll(others.Select(AskAsync)).ConfigureAwait(false);

        async Task<PeerAnswer> AskAsync(Member member) =>
            new(member, await peers.AskAsync(member.Id.Value, topic, json, cancellationToken).ConfigureAwait(false));
    }
}
