using Tyer.Cluster.Leases;

namespace Tyer.Cluster.Tests.Leases;

/// <summary>The lease from both sides, each with one thing to show.</summary>
public class LeaseTests
{
    private static readonly LeaseTerms Terms = new(TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(500), 0.01);
    private static readonly NodeId[] Five = [.. Enumerable.Range(1, 5).Select(id => new NodeId((uint)id))];

    [Fact]
    public void The_times_are_those_of_the_arithmetic()
    {
        Assert.Equal(TimeSpan.FromSeconds(9.4), Terms.SafeFor);
        Assert.Equal(TimeSpan.FromSeconds(10.1), Terms.RunsOutAfter);
        Assert.Equal(TimeSpan.FromSeconds(2), Terms.RenewEvery);
    }

    [Theory]
    [InlineData(0.5, 0, 0.01, "A lease lasts")]
    [InlineData(601, 0, 0.01, "A lease lasts")]
    [InlineData(10, 6, 0.01, "The margin")]
    [InlineData(10, -1, 0.01, "The margin")]
    [InlineData(10, 0, 0.3, "Clocks")]
    [InlineData(10, 0, double.NaN, "Clocks")]
    public void Terms_that_leave_no_time_are_refused(double length, double margin, double error, string what)
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => new LeaseTerms(TimeSpan.FromSeconds(length), TimeSpan.FromSeconds(margin), error));
        Assert.StartsWith(what, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_safe_since_what_a_majority_has_answered()
    {
        var lease = new MemberLease(Terms, Five[0], Five);
        ulong first = lease.Renew(TimeSpan.FromSeconds(100));
        ulong second = lease.Renew(TimeSpan.FromSeconds(102));
        Assert.Null(lease.SafeUntil);

        TimeSpan now = TimeSpan.FromSeconds(102);
        lease.Answered(Five[1], second, now);
        Assert.Null(lease.SafeUntil);
        lease.Answered(Five[2], first, now);
        Assert.Equal(TimeSpan.FromSeconds(109.4), lease.SafeUntil);
        lease.Answered(Five[2], second, now);
        Assert.Equal(TimeSpan.FromSeconds(111.4), lease.SafeUntil);
        Assert.Equal([Five[3], Five[4]], lease.SilentSince(TimeSpan.FromSeconds(102)));
    }

    [Fact]
    public void What_comes_late_or_twice_or_from_a_stranger_extends_nothing()
    {
        var lease = new MemberLease(Terms, Five[0], Five[..3]);
        ulong first = lease.Renew(TimeSpan.FromSeconds(1));
        ulong second = lease.Renew(TimeSpan.FromSeconds(3));
        TimeSpan now = TimeSpan.FromSeconds(4);
        lease.Answered(Five[1], second, now);
        TimeSpan? before = lease.SafeUntil;

        lease.Answered(Five[1], first, now);
        lease.Answered(Five[2], first, now);
        lease.Answered(Five[3], second, now);
        lease.Answered(Five[2], second + 1, now);
        Assert.Equal(before, lease.SafeUntil);
    }

    [Fact]
    public void A_first_majority_of_answers_that_are_too_old_is_none()
    {
        var lease = new MemberLease(Terms, Five[0], Five);
        ulong old = lease.Renew(TimeSpan.FromSeconds(100));
        lease.Answered(Five[1], old, TimeSpan.FromSeconds(100));
        TimeSpan late = TimeSpan.FromSeconds(109.5);
        ulong recent = lease.Renew(late);
        lease.Answered(Five[2], recent, late);
        Assert.Null(lease.SafeUntil);
        Assert.False(lease.HasRunOut(late));
        lease.Answered(Five[1], recent, late);
        Assert.Equal(late + Terms.SafeFor, lease.SafeUntil);
    }

    [Fact]
    public void Where_the_others_do_not_count_on_its_end_it_begins_again_when_a_majority_answers()
    {
        var lease = new MemberLease(Terms, Five[0], Five[..3], resumes: true);
        lease.Answered(Five[1], lease.Renew(TimeSpan.FromSeconds(100)), TimeSpan.FromSeconds(100));
        TimeSpan late = TimeSpan.FromSeconds(200);
        Assert.True(lease.HasRunOut(late));
        lease.Answered(Five[1], lease.Renew(late), late);
        Assert.False(lease.HasRunOut(late));
        Assert.Equal(late + Terms.SafeFor, lease.SafeUntil);
    }

    [Fact]
    public void Who_may_go_on_after_the_end_of_its_lease_is_counted_out_so_much_later()
    {
        var watch = new LeaseWatch(Terms, TimeSpan.FromSeconds(50), beyond: TimeSpan.FromSeconds(20));
        Assert.Equal(TimeSpan.FromSeconds(50 + 10.1 + 20.2), watch.RunsOutAt(new NodeIncarnation(Five[1], new Incarnation(7))));
    }

    [Fact]
    public void What_has_run_out_is_not_undone_by_what_is_answered_later()
    {
        var lease = new MemberLease(Terms, Five[0], Five[..3]);
        ulong first = lease.Renew(TimeSpan.FromSeconds(1));
        lease.Answered(Five[1], first, TimeSpan.FromSeconds(1));
        ulong second = lease.Renew(TimeSpan.FromSeconds(3));
        TimeSpan? end = lease.SafeUntil;
        Assert.False(lease.HasRunOut(TimeSpan.FromSeconds(10)));

        lease.Answered(Five[1], second, TimeSpan.FromSeconds(10.4));
        Assert.True(lease.HasRunOut(TimeSpan.FromSeconds(10.4)));
        lease.Answered(Five[2], lease.Renew(TimeSpan.FromSeconds(11)), TimeSpan.FromSeconds(11));
        Assert.Equal(end, lease.SafeUntil);
        Assert.True(lease.HasRunOut(TimeSpan.FromSeconds(11)));
    }

    [Fact]
    public void One_that_is_alone_needs_nobodys_answer()
    {
        var lease = new MemberLease(Terms, Five[0], Five[..1]);
        lease.Renew(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(10.4), lease.SafeUntil);
    }

    [Fact]
    public void Who_is_not_in_the_view_is_not_answered_and_its_time_runs_from_the_last_answer()
    {
        var watch = new LeaseWatch(Terms, TimeSpan.FromSeconds(50));
        Assert.False(watch.Take(Incarnation(2), null, TimeSpan.FromSeconds(59)));
        Assert.True(watch.Take(Incarnation(2), View(1, 1, 2, 3), TimeSpan.FromSeconds(60)));
        Assert.False(watch.Take(Incarnation(2), View(2, 1, 3), TimeSpan.FromSeconds(62)));

        Assert.Equal(TimeSpan.FromSeconds(70.1), watch.RunsOutAt(Incarnation(2)));
        // Of one that it has never answered in this life it knows only that it has not since it began.
        Assert.Equal(TimeSpan.FromSeconds(60.1), watch.RunsOutAt(Incarnation(3)));
    }

    [Fact]
    public void A_lease_has_run_out_when_all_members_of_a_view_with_quorum_say_so()
    {
        var proof = new LeaseProof();
        ClusterView view = View(2, 1, 3);
        proof.Said(Incarnation(2), Incarnation(1));
        Assert.False(proof.HasRunOut(Incarnation(2), view));
        Assert.Equal(["n3 (3.1)"], proof.Missing(Incarnation(2), view).Select(member => member.ToString()));

        proof.Said(Incarnation(2), Incarnation(3));
        Assert.True(proof.HasRunOut(Incarnation(2), view));
        Assert.False(proof.HasRunOut(Incarnation(2), new ClusterView(3, view.Members, hasQuorum: false)));
        // A joiner has not said so, nor has a member that has been started anew.
        Assert.False(proof.HasRunOut(Incarnation(2), View(4, 1, 3, 4)));
    }

    private static NodeIncarnation Incarnation(uint node) => new(new NodeId(node), new Incarnation(1));

    private static ClusterView View(ulong id, params uint[] members) =>
        new(id, members.Select(member => new Member(new NodeId(member), new Incarnation(1), $"n{member}")));
}
