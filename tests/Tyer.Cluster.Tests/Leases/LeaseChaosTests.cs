using Tyer.Cluster.Leases;

namespace Tyer.Cluster.Tests.Leases;

/// <summary>
/// Clusters whose clocks run fast and slow and whose messages come late or never: a member is never proven to have stopped while it may still
/// act. True time is known to the test alone.
/// </summary>
public class LeaseChaosTests
{
    private static readonly LeaseTerms Terms = new(TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(500), 0.01);

    [Fact]
    public void Nobody_is_proven_to_have_stopped_while_it_may_act()
    {
        int proven = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var cluster = new Chaos(seed, Terms, clockError: 0.01, marginUsed: Terms.Margin);
            cluster.Run();
            Assert.True(cluster.Overlap <= TimeSpan.Zero, $"seed {seed}: the departed might act for {cluster.Overlap} after the proof");
            proven += cluster.HasProof ? 1 : 0;
        }

        Assert.InRange(proven, 2000, 3000);
    }

    [Theory]
    [InlineData(0.05, 0.5)] // clocks that are worse than agreed on
    [InlineData(0.01, 3.0)] // a member that notices the end later than the margin allows for
    public void What_the_terms_do_not_allow_for_is_seen(double clockError, double marginUsed) =>
        Assert.Contains(Enumerable.Range(0, 3000), seed =>
        {
            var cluster = new Chaos(seed, Terms, clockError, TimeSpan.FromSeconds(marginUsed));
            cluster.Run();
            return cluster.Overlap > TimeSpan.Zero;
        });

    [Fact]
    public void A_proof_by_one_survivor_alone_would_be_none() =>
        Assert.Contains(Enumerable.Range(0, 3000), seed =>
        {
            var cluster = new Chaos(seed, Terms, clockError: 0.01, Terms.Margin) { OneIsEnough = true };
            cluster.Run();
            return cluster.Overlap > TimeSpan.Zero;
        });

    /// <summary>One departure: renewals go out and are answered or lost; at some time the survivors install a view without the departed.</summary>
    private sealed class Chaos
    {
        private const uint Departed = 1;

        private readonly Random _random;
        private readonly TimeSpan _marginUsed;
        private readonly int _voters;
        private readonly double[] _rates;
        private readonly MemberLease _lease;
        private readonly LeaseWatch[] _watches;
        private readonly TimeSpan?[] _installed;
        private readonly PriorityQueue<Action, TimeSpan> _agenda = new();
        private TimeSpan _now;

        internal Chaos(int seed, LeaseTerms terms, double clockError, TimeSpan marginUsed)
        {
            _random = new Random(seed);
            _marginUsed = marginUsed;
            _voters = _random.Next(2) == 0 ? 3 : 5;
            _rates = [.. Enumerable.Range(0, _voters + 1).Select(_ => 1 + (((_random.NextDouble() * 2) - 1) * clockError))];
            NodeId[] all = [.. Enumerable.Range(1, _voters).Select(id => new NodeId((uint)id))];
            _lease = new MemberLease(terms, all[0], all);
            _watches = [.. _rates.Select(_ => new LeaseWatch(terms, TimeSpan.Zero))];
            _installed = new TimeSpan?[_voters + 1];
        }

        internal bool OneIsEnough { get; init; }

        internal bool HasProof { get; private set; }

        /// <summary>For how long, in true time, the departed may act after the proof; not above zero if all is well.</summary>
        internal TimeSpan Overlap { get; private set; } = TimeSpan.MinValue;

        internal void Run()
        {
            At(TimeSpan.Zero, Renew);
            // A view with quorum: all but the departed, or just a majority without it.
            uint[] survivors = [.. Enumerable.Range(2, _voters - 1).Select(id => (uint)id).OrderBy(_ => _random.Next()).Take(_random.Next((_voters / 2) + 1, _voters))];
            TimeSpan evicted = Seconds(5 + (_random.NextDouble() * 20));
            foreach (uint survivor in survivors) At(evicted + Delay(3), () => _installed[survivor] = _now);

            while (_agenda.TryDequeue(out Action? next, out TimeSpan time) && time < Seconds(40))
            {
                _now = time;
                next();
            }

            if (_lease.SafeUntil is not { } safeUntil) return;

            HasProof = true;
            TimeSpan[] counts = [.. survivors.Select(survivor => Max(True(_watches[survivor].RunsOutAt(Who(Departed)), survivor), _installed[survivor]!.Value))];
            TimeSpan proof = OneIsEnough ? counts.Min() : counts.Max();
            // It stops by its clock, or as late as the margin allows for: where more is used up than agreed, later still.
            Overlap = True(safeUntil + _marginUsed, Departed) - proof;
        }

        private void Renew()
        {
            ulong number = _lease.Renew(Local(Departed));
            for (uint id = 2; id <= _voters; id++)
            {
                uint voter = id;
                if (IsLost()) continue;
                At(_now + Delay(4), () =>
                {
                    ClusterView view = _installed[voter] is null ? Views.With : Views.Without;
                    if (!_watches[voter].Take(Who(Departed), view, Local(voter)) || IsLost()) return;
                    At(_now + Delay(4), () => _lease.Answered(new NodeId(voter), number, Local(Departed)));
                });
            }

            At(_now + True(Terms.RenewEvery, Departed), Renew);
        }

        private void At(TimeSpan time, Action action) => _agenda.Enqueue(action, time);

        private bool IsLost() => _random.Next(100) < 20;

        private TimeSpan Delay(double most) => Seconds(_random.Next(10) < 8 ? _random.NextDouble() * 0.01 : _random.NextDouble() * most);

        private TimeSpan Local(uint node) => _now * _rates[node];

        private TimeSpan True(TimeSpan local, uint node) => local / _rates[node];

        private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

        private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
    }

    private static NodeIncarnation Who(uint node) => new(new NodeId(node), new Incarnation(1));

    private static class Views
    {
        internal static ClusterView With { get; } = new(1, Enumerable.Range(1, 5).Select(Member));

        internal static ClusterView Without { get; } = new(2, Enumerable.Range(2, 4).Select(Member));

        private static Member Member(int id) => new(new NodeId((uint)id), new Incarnation(1), $"n{id}");
    }
}
