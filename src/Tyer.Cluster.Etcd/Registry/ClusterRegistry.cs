using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tyer.Cluster.Etcd.Client;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Etcd.Registry;

/// <summary>
/// The keys of a cluster as one node knows them, and what follows: which view it is in, and which view comes next. Changes go in, in the order of
/// etcd's revisions; no I/O.
/// </summary>
/// <remarks>
/// <para><b>E1</b> <em>All adopt the same views.</em> A view is what its key says, and nothing else; the keys of members say who could be in one.
/// Everybody sees the key's values in the same order.</para>
/// <para><b>E2</b> <em>One writer, and if there are two, one of them fails.</em> The lowest of those who are there writes the next view, in a
/// transaction that compares the view before it and that all whom it lists are still registered as it knows them. So a departed life
/// is never listed again, and no view is skipped or overwritten.</para>
/// <para><b>E3</b> <em>Nobody is forgotten.</em> Who was in the view before, or unproven in it, is in the next one, or unproven in it, or has a
/// proof; proofs stay until a view has taken them into account.</para>
/// </remarks>
internal sealed class ClusterRegistry
{
    private readonly Joiner _self;
    private readonly RegistryKeys _keys;
    private readonly SortedDictionary<NodeId, Registration> _members = [];
    private readonly Dictionary<NodeIncarnation, FenceProof> _proofs = [];
    private readonly Dictionary<NodeId, string> _reasons = [];
    private ViewRecord? _view;
    private bool _isIn;

    public ClusterRegistry(Joiner self, RegistryKeys keys)
    {
        _self = self;
        _keys = keys;
    }

    /// <summary>The revision of etcd up to which everything is known.</summary>
    public long Revision { get; private set; }

    /// <summary>The revision at which the view was written; 0 where there is none.</summary>
    public long ViewRevision { get; private set; }

    /// <summary>The view, whether this node is in it or not.</summary>
    public ViewRecord? View => _view;

    /// <summary>What is registered under this node's id; null for nothing.</summary>
    public Registration? Own => _members.GetValueOrDefault(_self.Self.Id);

    /// <summary>
    /// Takes in all keys, as they were at a revision; 0: at the one that the answer has. None of it is news: to be in a view is what this node learns by
    /// watching, from the revision at which it was registered.
    /// </summary>
    public void Load(RangeResponse all, long revision = 0)
    {
        _members.Clear();
        _proofs.Clear();
        _reasons.Clear();
        _view = null;
        ViewRevision = 0;
        foreach (KeyValue kv in all.Kvs ?? []) Put(kv, []);
        _isIn = false;
        Revision = revision > 0 ? revision : all.Header.Revision;
    }

    /// <summary>Takes in what has happened since.</summary>
    public List<RegistryNews> Apply(WatchResponse changes)
    {
        var news = new List<RegistryNews>();
        foreach (WatchEvent change in changes.Events ?? [])
        {
            if (change.IsDelete) Delete(change.Kv, news);
            else Put(change.Kv, news);
        }

        Revision = Math.Max(Revision, changes.Header.Revision);
        return news;
    }

    /// <summary>Why this node cannot be registered now, for operators; null if it can.</summary>
    public string? Objection()
    {
        foreach ((NodeId node, Registration other) in _members)
        {
            if (node == _self.Self.Id || other.Record.Digest == _self.Digest) continue;
            return $"{other.Record.Name} has other nodes, another lease or other fencing in its configuration: Peers (names and ids), Lease and the nodes in Fence have to be the same on all nodes";
        }

        return null;
    }

    /// <summary>Why this node, which is in no view, can never be in one with those who are there, for operators; null if it can.</summary>
    public string? Refusal() => IsRunning && !_view!.ToView().Contains(_self.Self.NodeIncarnation) ? VersionAgreement.ObjectionTo(_self.Self, _view.ToView()) : null;

    /// <summary>The view that this node is to write now; null if there is nothing to change, or it is another's to do.</summary>
    public Proposal? NextView()
    {
        if (Own?.Record.Incarnation != _self.Self.Incarnation.Value) return null;

        (NodeId Node, Registration Registration)[] candidates = Candidates();
        if (candidates.Length is 0 or > ClusterLimits.MembersMax || candidates[0].Node != _self.Self.Id) return null;

        Member[] members = [.. candidates.Select(each => each.Registration.Record.MemberOf(each.Node))];
        Member[] before = [.. _view?.Members.Select(member => member.ToMember()) ?? []];
        if (members.SequenceEqual(before)) return null;

        ulong highest = candidates.Max(each => each.Registration.Record.HighestView);
        NodeIncarnation[] unproven = [.. Unproven(candidates, members, before)];
        var view = new ViewRecord(
            Math.Max(_view?.Id ?? 0, highest) + 1, Describe(members, before), [.. members.Select(ViewMemberRecord.Of)], [.. unproven.Select(LifeRecord.Of)]);

        var compare = new List<Compare> { Compare.Changed(_keys.View, ViewRevision) };
        compare.AddRange(candidates.Select(each => Compare.Created(_keys.Member(each.Node), each.Registration.CreateRevision)));
        var operations = new List<Operation> { Operation.Put(_keys.View, Json(view, RegistryJson.Default.ViewRecord)) };
        operations.AddRange(_proofs.Keys.Where(proven => !unproven.Contains(proven) && !members.Any(member => member.NodeIncarnation == proven)).Select(proven => Operation.Delete(_keys.Proof(proven))));
        return new Proposal(view.ToView(), new TransactionRequest([.. compare], [.. operations]));
    }

    /// <summary>Makes it known that a life acts no more, as long as the view is what this node knows; null if there is nothing to make known.</summary>
    public TransactionRequest? Prove(NodeIncarnation departed, FenceProof proof)
    {
        if (_view is null || _proofs.ContainsKey(departed) || !_view.Unproven.Contains(LifeRecord.Of(departed))) return null;
        return new TransactionRequest(
            [Compare.Changed(_keys.View, ViewRevision), Compare.Created(_keys.Proof(departed), 0)],
            [Operation.Put(_keys.Proof(departed), Json(new ProofRecord(proof, _self.Self.Name), RegistryJson.Default.ProofRecord))]);
    }

    /// <summary>
    /// Takes another's registration away, as long as this node has its own: of two that ask for each other, one stays. Null if that life has none, or
    /// this one.
    /// </summary>
    public TransactionRequest? Evict(NodeIncarnation member, string why)
    {
        if (Own is not { } own || own.Record.Incarnation != _self.Self.Incarnation.Value) return null;
        return PutOut(member, why, Compare.Created(_keys.Member(_self.Self.Id), own.CreateRevision));
    }

    /// <summary>Takes the registration of an earlier life of this node away; null if that life has none.</summary>
    public TransactionRequest? TakeOver(NodeIncarnation earlier) => PutOut(earlier, "another life of it has come");

    /// <summary>Registers this node where nothing is registered under its id.</summary>
    public TransactionRequest Register(long lease) => new(
        [Compare.Created(_keys.Member(_self.Self.Id), 0)],
        [
            Operation.Put(_keys.Member(_self.Self.Id), Json(MemberRecord.Of(_self), RegistryJson.Default.MemberRecord), lease),
            Operation.Delete(_keys.Reason(_self.Self.Id)),
        ]);

    /// <summary>This node goes, with its proof; null if it is not registered any more.</summary>
    public TransactionRequest? Leave()
    {
        NodeIncarnation self = _self.Self.NodeIncarnation;
        if (Own is not { } own || own.Record.Incarnation != self.Incarnation.Value) return null;
        return new TransactionRequest(
            [Compare.Created(_keys.Member(self.Node), own.CreateRevision)],
            [
                Operation.Put(_keys.Reason(self.Node), Encoding.UTF8.GetBytes("left")),
                Operation.Put(_keys.Proof(self), Json(new ProofRecord(FenceProof.CleanLeave, _self.Self.Name), RegistryJson.Default.ProofRecord)),
                Operation.Delete(_keys.Member(self.Node)),
            ]);
    }

    /// <summary>Whether nobody needs to make it known any more that a life acts no more.</summary>
    public bool IsDone(NodeIncarnation departed) => _proofs.ContainsKey(departed) || (_isIn && !_view!.Unproven.Contains(LifeRecord.Of(departed)));

    private TransactionRequest? PutOut(NodeIncarnation member, string why, params IEnumerable<Compare> conditions)
    {
        if (_members.GetValueOrDefault(member.Node) is not { } registered || registered.Record.Incarnation != member.Incarnation.Value) return null;
        return new TransactionRequest(
            [Compare.Created(_keys.Member(member.Node), registered.CreateRevision), .. conditions],
            [Operation.Put(_keys.Reason(member.Node), Encoding.UTF8.GetBytes($"put out: {why}")), Operation.Delete(_keys.Member(member.Node))]);
    }

    private void Put(KeyValue kv, List<RegistryNews> news)
    {
        if (_keys.IsView(kv.Key)) OnView(kv, news);
        else if (_keys.MemberOf(kv.Key) is { } node && Read(kv, RegistryJson.Default.MemberRecord) is { } member && IsMember(node, member)) _members[node] = new Registration(member, kv.CreateRevision);
        else if (_keys.ReasonOf(kv.Key) is { } about) _reasons[about] = Encoding.UTF8.GetString(kv.Value ?? []);
        else if (_keys.ProofOf(kv.Key) is { } proven && Read(kv, RegistryJson.Default.ProofRecord) is { } proof)
        {
            _proofs[proven] = proof.Proof;
            if (_isIn) news.Add(new ProofNews(proven, proof.Proof));
        }
    }

    private void Delete(KeyValue kv, List<RegistryNews> news)
    {
        if (_keys.ProofOf(kv.Key) is { } proven) _proofs.Remove(proven);
        else if (_keys.ReasonOf(kv.Key) is { } about) _reasons.Remove(about);
        else if (_keys.IsView(kv.Key)) throw new InvalidDataException("the key of the view was deleted in etcd: all nodes of the cluster have to be stopped and started again");
        else if (_keys.MemberOf(kv.Key) is { } node)
        {
            bool isOwn = node == _self.Self.Id && Own?.Record.Incarnation == _self.Self.Incarnation.Value;
            _members.Remove(node);
            if (isOwn) news.Add(new RemovedNews(_reasons.GetValueOrDefault(node) ?? "etcd had not heard of this node for longer than its time to live"));
        }
    }

    private void OnView(KeyValue kv, List<RegistryNews> news)
    {
        _view = Read(kv, RegistryJson.Default.ViewRecord) ?? throw new InvalidDataException("the key of the view has what this version does not read");
        ViewRevision = kv.ModRevision;
        ClusterView view = _view.ToView();
        if (view.Contains(_self.Self.NodeIncarnation))
        {
            bool isFirst = !_isIn;
            _isIn = true;
            news.Add(new ViewNews(view, _view.Why));
            if (isFirst) news.AddRange(_proofs.Where(proven => view.Unproven.Contains(proven.Key)).Select(proven => new ProofNews(proven.Key, proven.Value)));
        }
        else if (_isIn)
        {
            news.Add(new RemovedNews($"the others go on in view {view.Id} without it"));
        }
        else if (Refusal() is { } refusal)
        {
            news.Add(new RefusedNews(refusal));
        }
    }

    /// <summary>Whether anybody of the view is still there. Else there is nothing to join, and the next view is as a first one.</summary>
    private bool IsRunning => _view?.Members.Any(member => _members.GetValueOrDefault(new NodeId(member.Node))?.Record.Incarnation == member.Incarnation) == true;

    /// <summary>Who can be in the next view: who has in common what all have to, and speaks the version of the lock protocol that runs.</summary>
    private (NodeId Node, Registration Registration)[] Candidates()
    {
        ulong digest = Digest();
        (NodeId Node, Registration Registration)[] alike = [.. _members.Where(each => each.Value.Record.Digest == digest).Select(each => (each.Key, each.Value))];
        if (IsRunning)
        {
            ClusterView view = _view!.ToView();
            return [.. alike.Where(each => VersionAgreement.ObjectionTo(each.Registration.Record.MemberOf(each.Node), view) is null)];
        }

        var misfits = VersionAgreement.ObjectionsAmong([.. alike.Select(each => each.Registration.Record.MemberOf(each.Node))]);
        return [.. alike.Where(each => !misfits.ContainsKey(each.Registration.Record.MemberOf(each.Node).NodeIncarnation))];
    }

    /// <summary>What members have to have in common is what those have who are in the view and still there; else what the lowest has.</summary>
    private ulong Digest()
    {
        foreach (ViewMemberRecord member in _view?.Members ?? [])
        {
            if (_members.GetValueOrDefault(new NodeId(member.Node)) is { } present && present.Record.Incarnation == member.Incarnation) return present.Record.Digest;
        }

        return _members.First().Value.Record.Digest;
    }

    private IEnumerable<NodeIncarnation> Unproven((NodeId Node, Registration Registration)[] candidates, Member[] members, Member[] before)
    {
        if (_view is null)
        {
            return FirstView.UnprovenOf(_self.Voters, candidates.Select(each => (
                each.Node,
                each.Registration.Record.EarlierIncarnation is > 0 and var earlier ? new NodeIncarnation(each.Node, new Incarnation(earlier)) : (NodeIncarnation?)null)));
        }

        return _view.Unproven.Select(life => life.ToLife())
            .Concat(before.Select(member => member.NodeIncarnation).Except(members.Select(member => member.NodeIncarnation)))
            .Where(life => !_proofs.ContainsKey(life))
            .OrderBy(life => life.Node)
            .ThenBy(life => life.Incarnation);
    }

    private string Describe(Member[] members, Member[] before)
    {
        IEnumerable<string> came = members.Where(member => !before.Any(each => each.NodeIncarnation == member.NodeIncarnation)).Select(member => $"{member} has come");
        IEnumerable<string> went = before.Where(member => !members.Any(each => each.NodeIncarnation == member.NodeIncarnation))
            .Select(member => $"{member} has gone ({_reasons.GetValueOrDefault(member.Id) ?? "etcd has not heard of it for its time to live"})");
        return string.Join("; ", came.Concat(went));
    }

    /// <summary>Whether somebody of this version has written it.</summary>
    private static bool IsMember(NodeId node, MemberRecord record)
    {
        try
        {
            return record.MemberOf(node) is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static byte[] Json<T>(T record, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(record, type);

    /// <summary>Null for what nobody of this version has written, which is nobody's then.</summary>
    private static T? Read<T>(KeyValue kv, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(kv.Value, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What is registered under an id.</summary>
/// <param name="Record">What it says.</param>
/// <param name="CreateRevision">When it was: another registration has another.</param>
internal sealed record Registration(MemberRecord Record, long CreateRevision);

/// <summary>A view, and the transaction that makes it the next one.</summary>
internal sealed record Proposal(ClusterView View, TransactionRequest Transaction);
