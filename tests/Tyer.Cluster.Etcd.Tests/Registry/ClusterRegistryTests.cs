using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tyer.Cluster.Etcd.Client;
using Tyer.Cluster.Etcd.Registry;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Etcd.Tests.Registry;

/// <summary>Three nodes' registries over one small etcd, which is a list of changes: what follows from which keys.</summary>
public class ClusterRegistryTests
{
    private readonly Store _store = new();

    [Fact]
    public void The_lowest_that_is_registered_writes_the_view_and_all_adopt_it()
    {
        Node n1 = Join(1, 11), n2 = Join(2, 12);
        Assert.Null(n2.Registry.NextView());
        n1.Learn();
        Assert.True(_store.Apply(n1.Registry.NextView()!.Transaction));
        Assert.Equal(1UL, Assert.Single(n1.Learn().OfType<ViewNews>()).View.Id);
        ClusterView view = Assert.Single(n2.Learn().OfType<ViewNews>()).View;
        Assert.Equal(["n1 (1.11)", "n2 (2.12)"], view.Members.Select(member => $"{member}"));
        Assert.Null(n1.Registry.NextView());
    }

    [Fact]
    public void Of_the_voters_that_are_absent_from_the_first_view_nobody_knows_whether_they_have_stopped()
    {
        Node n1 = Join(1, 11, earlier: 7);
        Join(2, 12);
        n1.Learn();
        _store.Apply(n1.Registry.NextView()!.Transaction);
        ClusterView view = Assert.Single(n1.Learn().OfType<ViewNews>()).View;
        Assert.Equal(["1.7", "3.1"], view.Unproven.Select(life => $"{life}"));
    }

    [Fact]
    public void The_id_is_above_all_that_members_have_known_though_etcd_knows_of_none()
    {
        Node n1 = Join(1, 11, highest: 40);
        Join(2, 12, highest: 56);
        n1.Learn();
        Assert.Equal(57UL, n1.Registry.NextView()!.View.Id);
    }

    [Fact]
    public void Who_does_not_speak_the_version_that_runs_is_refused_while_anybody_of_the_view_is_there()
    {
        Node n1 = Join(1, 11, protocol: new ProtocolRange(1, 2)), n2 = Join(2, 12, protocol: new ProtocolRange(2, 2));
        n1.Learn();
        Assert.True(_store.Apply(n1.Registry.NextView()!.Transaction));
        Assert.Equal(2, Assert.Single(n2.Learn().OfType<ViewNews>()).View.Running);

        Node old = Join(3, 13);
        Assert.Contains("runs version 2 of the lock protocol (its nodes offer: n1 1 to 2, n2 2), and n3 offers 1", old.Registry.Refusal(), StringComparison.Ordinal);
        n1.Learn();
        Assert.Null(n1.Registry.Refusal());
        Assert.Null(n1.Registry.NextView());

        _store.Expire(n1);
        _store.Expire(n2);
        old.Learn();
        Assert.Null(old.Registry.Refusal());
        Assert.Equal(1, old.Registry.NextView()!.View.Running);
    }

    [Fact]
    public void Of_those_who_register_before_there_is_a_view_the_one_that_does_not_fit_is_told_by_the_first()
    {
        Node n1 = Join(1, 11), n2 = Join(2, 12, protocol: new ProtocolRange(2, 2)), n3 = Join(3, 13, protocol: new ProtocolRange(1, 2));
        n1.Learn();
        n2.Learn();
        // Two of three speak 1, and two speak 2: the higher one.
        Assert.Null(n1.Registry.NextView());
        Assert.True(_store.Apply(n2.Registry.NextView()!.Transaction));
        Assert.Contains("n1 offers 1;", Assert.Single(n1.Learn().OfType<RefusedNews>()).Why, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Single(n3.Learn().OfType<ViewNews>()).View.Running);
    }

    [Fact]
    public void Of_two_that_write_one_fails()
    {
        Node n1 = Join(1, 11), n2 = Join(2, 12);
        n1.Learn();
        Proposal early = n1.Registry.NextView()!;
        Join(3, 13);
        n1.Learn();
        Proposal late = n1.Registry.NextView()!;
        Assert.True(_store.Apply(late.Transaction));
        Assert.False(_store.Apply(early.Transaction));
        Assert.Equal(3, Assert.Single(n2.Learn().OfType<ViewNews>()).View.Members.Length);
    }

    [Fact]
    public void A_view_with_one_who_has_gone_meanwhile_is_not_written()
    {
        Node n1 = Join(1, 11), n2 = Join(2, 12);
        n1.Learn();
        Proposal withTwo = n1.Registry.NextView()!;
        _store.Expire(n2);
        Assert.False(_store.Apply(withTwo.Transaction));
        // Nor when he has come back as another life under the same key.
        Join(2, 22);
        Assert.False(_store.Apply(withTwo.Transaction));
    }

    [Fact]
    public void Who_departs_is_unproven_until_there_is_a_proof_and_forgotten_in_the_view_after_it()
    {
        (Node n1, Node n2, Node n3) = Three();
        _store.Expire(n3);
        n1.Learn();
        _store.Apply(n1.Registry.NextView()!.Transaction);
        ViewNews without = Assert.Single(n1.Learn().OfType<ViewNews>());
        Assert.Equal([n3.Life], without.View.Unproven);
        Assert.Contains("n3 (3.13) has gone (etcd has not heard of it", without.Why, StringComparison.Ordinal);

        n2.Learn();
        Assert.True(_store.Apply(n2.Registry.Prove(n3.Life, FenceProof.LeaseRanOut)!));
        Assert.Equal(new ProofNews(n3.Life, FenceProof.LeaseRanOut), Assert.Single(n1.Learn()));
        Assert.True(n1.Registry.IsDone(n3.Life));
        Assert.Null(n1.Registry.Prove(n3.Life, FenceProof.OperatorWord));

        Join(3, 23);
        n1.Learn();
        _store.Apply(n1.Registry.NextView()!.Transaction);
        Assert.Empty(Assert.Single(n1.Learn().OfType<ViewNews>()).View.Unproven);
        Assert.DoesNotContain(_store.Keys, key => key.Contains("/proofs/", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_two_proofs_the_first_counts()
    {
        (Node n1, Node n2, Node n3) = Three();
        _store.Expire(n3);
        n1.Learn();
        _store.Apply(n1.Registry.NextView()!.Transaction);
        n1.Learn();
        n2.Learn();
        TransactionRequest first = n1.Registry.Prove(n3.Life, FenceProof.LeaseRanOut)!, second = n2.Registry.Prove(n3.Life, FenceProof.OperatorWord)!;
        Assert.True(_store.Apply(first));
        Assert.False(_store.Apply(second));
    }

    [Fact]
    public void A_newcomer_learns_of_proofs_that_its_first_view_does_not_know_of()
    {
        (Node n1, Node n2, Node n3) = Three();
        _store.Expire(n3);
        n1.Learn();
        _store.Apply(n1.Registry.NextView()!.Transaction);
        n1.Learn();
        n2.Learn();
        Node again = Join(3, 23);
        n1.Learn();
        Proposal next = n1.Registry.NextView()!;
        _store.Apply(n2.Registry.Prove(n3.Life, FenceProof.LeaseRanOut)!);
        Assert.True(_store.Apply(next.Transaction));
        RegistryNews[] news = [.. again.Learn()];
        Assert.Equal([n3.Life], Assert.IsType<ViewNews>(news[0]).View.Unproven);
        Assert.Equal(new ProofNews(n3.Life, FenceProof.LeaseRanOut), news[1]);
    }

    [Fact]
    public void Who_leaves_is_proven_before_the_view_without_it()
    {
        (Node n1, _, Node n3) = Three();
        Assert.True(_store.Apply(n3.Registry.Leave()!));
        Assert.Equal(new ProofNews(n3.Life, FenceProof.CleanLeave), Assert.Single(n1.Learn()));
        _store.Apply(n1.Registry.NextView()!.Transaction);
        ViewNews without = Assert.Single(n1.Learn().OfType<ViewNews>());
        Assert.Empty(without.View.Unproven);
        Assert.Contains("has gone (left)", without.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_put_out_learns_of_it_with_the_reason_and_can_write_nothing_more()
    {
        (Node n1, Node n2, _) = Three();
        Assert.True(_store.Apply(n2.Registry.Evict(n1.Life, "n2 hears nothing of it")!));
        TransactionRequest leave = n1.Registry.Leave()!, evict = n1.Registry.Evict(n2.Life, "in return")!;
        Assert.False(_store.Apply(leave));
        Assert.Equal(new RemovedNews("put out: n2 hears nothing of it"), Assert.Single(n1.Learn()));
        Assert.Null(n1.Registry.NextView());
        Assert.False(_store.Apply(evict));
        Assert.Null(n1.Registry.Evict(n2.Life, "in return"));
    }

    [Fact]
    public void A_node_with_other_peers_or_another_lease_is_told_with_whom_it_disagrees_and_taken_into_no_view()
    {
        (Node n1, Node n2, _) = Three();
        Node other = Join(4, 14, digest: 99);
        Assert.Contains("n1 has other nodes, another lease or other fencing", other.Registry.Objection(), StringComparison.Ordinal);
        n1.Learn();
        Assert.Null(n1.Registry.NextView());
        Assert.Null(n2.Registry.Objection());
    }

    [Fact]
    public void What_somebody_else_has_written_under_the_keys_is_passed_over()
    {
        Node n1 = Join(1, 11);
        _store.Put("/tyer/tyer/members/2", "rubbish");
        _store.Put("/tyer/tyer/members/3", """{"incarnation":5,"name":"","addresses":[],"weight":99,"digest":1}""");
        _store.Put("/tyer/tyer/members/4", "{}");
        _store.Put("/tyer/tyer/members/none", "{}");
        _store.Put("/tyer/tyer/proofs/1.x", "{}");
        Assert.Empty(n1.Learn());
        Assert.Single(n1.Registry.NextView()!.View.Members);
    }

    private (Node, Node, Node) Three()
    {
        Node n1 = Join(1, 11), n2 = Join(2, 12), n3 = Join(3, 13);
        n1.Learn();
        Assert.True(_store.Apply(n1.Registry.NextView()!.Transaction));
        foreach (Node node in (Node[])[n1, n2, n3]) Assert.Single(node.Learn().OfType<ViewNews>());
        return (n1, n2, n3);
    }

    private Node Join(uint id, ulong incarnation, ulong highest = 0, ulong earlier = 0, ulong digest = 1, ProtocolRange? protocol = null)
    {
        var self = new Member(new NodeId(id), new Incarnation(incarnation), $"n{id}") { Protocol = protocol ?? ProtocolRange.Offered };
        ImmutableArray<NodeId> voters = [new NodeId(1), new NodeId(2), new NodeId(3)];
        var joiner = new Joiner("tyer", self, voters, digest, highest, earlier == 0 ? null : new NodeIncarnation(self.Id, new Incarnation(earlier)));
        var node = new Node(_store, joiner);
        Assert.True(_store.Apply(node.Registry.Register(lease: id)));
        node.Registry.Load(_store.All());
        return node;
    }

    private sealed class Node(Store store, Joiner joiner)
    {
        internal ClusterRegistry Registry { get; } = new(joiner, new RegistryKeys("/tyer/", "tyer"));

        internal NodeIncarnation Life => joiner.Self.NodeIncarnation;

        /// <summary>All that has happened since it looked last.</summary>
        internal List<RegistryNews> Learn() => Registry.Apply(store.Since(Registry.Revision));
    }

    /// <summary>What of etcd matters here: keys with the revisions of their creation and last change, and transactions that compare these.</summary>
    private sealed class Store
    {
        private readonly Dictionary<string, KeyValue> _keys = [];
        private readonly List<(long Revision, WatchEvent Change)> _history = [];
        private long _revision = 1;

        internal IEnumerable<string> Keys => _keys.Keys;

        internal RangeResponse All() => new(new ResponseHeader(_revision), [.. _keys.Values]);

        internal WatchResponse Since(long revision) =>
            new(new ResponseHeader(_revision), Events: [.. _history.Where(change => change.Revision > revision).Select(change => change.Change)]);

        internal void Put(string key, string value) => Apply(new TransactionRequest([], [Operation.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value))]));

        internal void Expire(Node node) => Apply(new TransactionRequest([], [Operation.Delete(Encoding.UTF8.GetBytes($"/tyer/tyer/members/{node.Life.Node}"))]));

        internal bool Apply(TransactionRequest request)
        {
            // As it goes over the wire.
            request = JsonSerializer.Deserialize(JsonSerializer.Serialize(request, EtcdJson.Default.TransactionRequest), EtcdJson.Default.TransactionRequest)!;
            if (!request.Compare.All(IsSo)) return false;
            _revision++;
            foreach (Operation operation in request.Success)
            {
                if (operation.RequestPut is { } put)
                {
                    long created = _keys.TryGetValue(Text(put.Key), out KeyValue? before) ? before.CreateRevision : _revision;
                    var kv = new KeyValue(put.Key, put.Value, created, _revision, put.Lease);
                    _keys[Text(put.Key)] = kv;
                    _history.Add((_revision, new WatchEvent(kv)));
                }
                else if (operation.RequestDeleteRange is { } delete && _keys.Remove(Text(delete.Key)))
                {
                    _history.Add((_revision, new WatchEvent(new KeyValue(delete.Key, ModRevision: _revision), "DELETE")));
                }
            }

            return true;
        }

        private bool IsSo(Compare compare)
        {
            KeyValue? present = _keys.GetValueOrDefault(Text(compare.Key));
            return compare.Target == "CREATE" ? (present?.CreateRevision ?? 0) == compare.CreateRevision : (present?.ModRevision ?? 0) == compare.ModRevision;
        }

        private static string Text(byte[] key) => Encoding.UTF8.GetString(key);
    }
}
