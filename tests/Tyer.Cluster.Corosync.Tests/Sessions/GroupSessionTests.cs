using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Tyer.Cluster.Corosync.Sessions;
using Tyer.Cluster.Corosync.Tests.Labs;

namespace Tyer.Cluster.Corosync.Tests.Sessions;

/// <summary>A process's place in a group, with real daemons.</summary>
[Collection(LabCollection.Name)]
public sealed partial class GroupSessionTests
{
    [Fact]
    public async Task Members_hear_the_same_in_the_same_order_and_what_flow_control_refuses_comes_later()
    {
        const int count = 3000;
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 2);
        using var first = new Listener(lab, 1);
        using var second = new Listener(lab, 2);
        await first.UntilAsync(listener => listener.Members == 2 && listener.IsQuorate);
        await second.UntilAsync(listener => listener.Members == 2 && listener.IsQuorate);

        // More than the daemons take at once, from both.
        first.Flood(count);
        second.Flood(count);
        await first.UntilAsync(listener => listener.Heard.Count == 2 * count);
        await second.UntilAsync(listener => listener.Heard.Count == 2 * count);

        Assert.Equal(first.Heard, second.Heard);
        Assert.Equal(Enumerable.Range(0, count), first.Heard.Where(each => each.Node == 1).Select(each => each.Number));
    }

    [Fact]
    public async Task A_daemon_that_ends_is_told_as_such_and_its_successor_is_joined()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 1);
        using var listener = new Listener(lab, 1);
        await listener.UntilAsync(each => each.Members == 1);

        await lab.KillAsync(1);
        await listener.UntilAsync(each => each.HungUp is not null);
        Assert.Contains("systemctl start corosync", listener.HungUp, StringComparison.Ordinal);
        lab.Start(1);

        await listener.UntilAsync(each => each.Connections == 2 && each.Members == 1);
    }

    [Fact]
    public async Task A_process_without_a_daemon_says_so_and_joins_when_one_comes()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 1);
        await lab.StopAsync(1);
        using var listener = new Listener(lab, 1);
        await listener.UntilAsync(each => each.Away is not null);
        Assert.Contains("does not run", listener.Away, StringComparison.Ordinal);

        lab.Start(1);
        await listener.UntilAsync(each => each.Members == 1);

        Assert.Equal("lab", listener.Facts!.Cluster);
        Assert.Equal(1u, listener.Facts.Self);
        Assert.Equal([1u], listener.Facts.Nodes);
        Assert.Equal(TimeSpan.FromMilliseconds(500 + 600), listener.Facts.Detection);
    }

    [Fact]
    public async Task A_session_can_be_ended_while_the_daemon_stands_still()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 1);
        var listener = new Listener(lab, 1);
        await listener.UntilAsync(each => each.Members == 1);

        lab.Freeze(1);
        listener.Dispose();

        lab.Thaw(1);
    }

    [Fact]
    public async Task A_user_that_corosync_does_not_know_is_told_how_to_be_let_in()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 1);
        using var stranger = new Listener(lab, 1, user: Nobody);
        await stranger.UntilAsync(each => each.Away is not null);
        Assert.Contains("does not let this user in", stranger.Away, StringComparison.Ordinal);

        // As an operator would, at run time.
        Assert.Equal(0, (await lab.Network.RunInAsync(1, "corosync-cmapctl", "-s", $"uidgid.uid.{Nobody}", "u8", "1")).Code);

        await stranger.UntilAsync(each => each.Members == 1);
    }

    private const int Nobody = 65534;

    /// <summary>
    /// Makes the calling thread another user's, with the threads that it starts from then on; the C library's own function would change all threads.
    /// </summary>
    private static void BecomeOnThisThread(int user)
    {
        (int setGroup, int setUser) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (119, 117),
            Architecture.Arm64 => (149, 147),
            var other => throw new PlatformNotSupportedException($"The numbers of setresgid and setresuid on {other} are not known here."),
        };
        Assert.Equal(0, SystemCall(setGroup, user, user, user));
        Assert.Equal(0, SystemCall(setUser, user, user, user));
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);

    private sealed class Listener : IGroupEvents, IDisposable
    {
        private readonly GroupSession _session;
        private readonly Lock _gate = new();
        private readonly List<(Func<Listener, bool> IsSo, TaskCompletionSource Seen)> _awaited = [];

        public Listener(CorosyncLab lab, int node, int? user = null)
        {
            _session = new GroupSession("tyer-test", this);
            lab.Network.Inside(node, () =>
            {
                if (user is { } other) BecomeOnThisThread(other);
                _session.Start();
            });
        }

        public ConcurrentQueue<(uint Node, int Number)> Heard { get; } = [];

        public int Members { get; private set; }

        public bool IsQuorate { get; private set; }

        public int Connections { get; private set; }

        public DaemonFacts? Facts { get; private set; }

        public string? HungUp { get; private set; }

        public string? Away { get; private set; }

        public void Flood(int count) => _session.Post(() =>
        {
            for (int number = 0; number < count; number++)
            {
                byte[] message = new byte[10_000];
                BinaryPrimitives.WriteInt32LittleEndian(message, number);
                _session.Multicast(message);
            }
        });

        public async Task UntilAsync(Func<Listener, bool> isSo)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate) _awaited.Add((isSo, seen));
            _session.Post(Look);
            try
            {
                await seen.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"It did not come to pass. Away: {Away}; hung up: {HungUp}; members: {Members}; quorate: {IsQuorate}; heard: {Heard.Count}.");
            }
        }

        public void Dispose() => _session.Dispose();

        string? IGroupEvents.OnConnected(DaemonFacts facts) => Told(() => (Facts, Connections) = (facts, Connections + 1));

        void IGroupEvents.OnAway(string why) => Told(() => Away = why);

        void IGroupEvents.OnMembers(ReadOnlySpan<GroupProcess> members, ReadOnlySpan<(GroupProcess Who, DepartureCause Cause)> left)
        {
            int count = members.Length;
            Told(() => Members = count);
        }

        void IGroupEvents.OnRing(RingId ring)
        {
        }

        void IGroupEvents.OnQuorum(bool isQuorate, RingId ring) => Told(() => IsQuorate = isQuorate);

        void IGroupEvents.OnMessage(GroupProcess from, ReadOnlySpan<byte> message)
        {
            int number = BinaryPrimitives.ReadInt32LittleEndian(message);
            Told(() => Heard.Enqueue((from.Node, number)));
        }

        void IGroupEvents.OnHungUp(string why) => Told(() => (HungUp, Members) = (why, 0));

        void IGroupEvents.OnTick()
        {
        }

        void IGroupEvents.OnFault(Exception fault) => Told(() => HungUp = fault.ToString());

        private string? Told(Action apply)
        {
            apply();
            Look();
            return null;
        }

        private void Look()
        {
            lock (_gate)
            {
                foreach (var (_, seen) in _awaited.Where(each => each.IsSo(this))) seen.TrySetResult();
            }
        }
    }
}
