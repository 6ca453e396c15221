using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tyer.Cluster.Corosync.Interop;

namespace Tyer.Cluster.Corosync.Sessions;

/// <summary>
/// This process's place in a group of the local daemon, kept by one thread: it waits for both of the daemon's sockets and for a bell, and makes every
/// call of the libraries. While the daemon stands still such a call may never return, so nothing that has to be on time may run here.
/// </summary>
internal sealed unsafe class GroupSession : IDisposable
{
    private const int DispatchAll = 2;

    // Short enough that a refused message is tried again soon, and that time is told finely enough.
    private const int TickMilliseconds = 20;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly string _group;
    private readonly IGroupEvents _events;
    private readonly ConcurrentQueue<Action> _work = new();
    private readonly Queue<byte[]> _unsent = new();
    private readonly SafeFileHandle _bell = Libc.MakeBell();
    private readonly Thread _thread;
    private ulong _cpg;
    private ulong _quorum;
    private Exception? _faultInCallback;
    private volatile bool _isEnding;
    private int _disposed;

    /// <param name="group">Its name: at most 128 bytes.</param>
    /// <param name="events">Who is told.</param>
    public GroupSession(string group, IGroupEvents events)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(group), Cpg.NameLengthMax, nameof(group));
        _group = group;
        _events = events;
        _thread = new Thread(Run) { Name = "tyer-corosync", IsBackground = true };
    }

    public void Start() => _thread.Start();

    /// <summary>Has the thread do something; not at all once it has ended.</summary>
    public void Post(Action work)
    {
        _work.Enqueue(work);
        RingBell();
    }

    /// <summary>Says something to the group, itself included. On the session's thread only; what was not said when the daemon goes away never is.</summary>
    public void Multicast(byte[] message)
    {
        _unsent.Enqueue(message);
        SendUnsent();
    }

    /// <summary>
    /// Leaves the group. Where a call of the libraries does not return, the thread stays behind: the daemon stands still, and learns that the
    /// process is gone when that ends.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _isEnding = true;
        RingBell();
        if (Thread.CurrentThread != _thread && (_thread.ThreadState & ThreadState.Unstarted) == 0) _thread.Join(EndPatience);
    }

    private void RingBell()
    {
        try
        {
            Libc.Ring(_bell);
        }
        catch (ObjectDisposedException)
        {
            // The thread has ended, and nobody listens any more.
        }
    }

    private void Run()
    {
        var self = GCHandle.Alloc(this);
        try
        {
            while (!_isEnding) Connect(GCHandle.ToIntPtr(self));
        }
        catch (Exception fault)
        {
            _events.OnFault(fault);
        }
        finally
        {
            self.Free();
            _bell.Dispose();
        }
    }

    private void Connect(nint self)
    {
        string? away = null;
        bool isJoined = false;
        try
        {
            away = Open(self);
            if (away is null)
            {
                isJoined = true;
                Serve();
            }
        }
        catch (CorosyncException gone)
        {
            away = gone.Message;
        }
        finally
        {
            Close();
        }

        if (_isEnding || away is null) return;
        if (isJoined) _events.OnHungUp(away);
        else _events.OnAway(away);
        Pause();
    }

    /// <returns>Why the group is not joined; null: it is.</returns>
    private string? Open(nint self)
    {
        var group = new Cpg.Model { Version = Cpg.ModelV1, Deliver = &Delivered, Configured = &Configured, Ring = &RingFormed, Flags = Cpg.DeliverInitialRing };
        CorosyncException.Check("cpg_initialize", Cpg.Initialize(out _cpg, Cpg.ModelV1, &group, self));
        var quorum = new Quorum.Model { Version = Quorum.ModelV1, Quorate = &QuorumTold, Nodes = &NodesTold };
        CorosyncException.Check("quorum_initialize", Quorum.Initialize(out _quorum, Quorum.ModelV1, &quorum, out _, self));
        CorosyncException.Check("cpg_local_get", Cpg.GetLocalNode(_cpg, out uint node));
        if (_events.OnConnected(DaemonConfiguration.Read(node)) is { } fault) return fault;

        CorosyncException.Check("quorum_trackstart", Quorum.Track(_quorum, Quorum.TrackCurrentAndChanges));
        Cpg.Name name = Name();
        CorosyncException.Check("cpg_join", Cpg.Join(_cpg, &name));
        return null;
    }

    private void Serve()
    {
        CorosyncException.Check("cpg_fd_get", Cpg.GetDescriptor(_cpg, out int group));
        CorosyncException.Check("quorum_fd_get", Quorum.GetDescriptor(_quorum, out int quorum));
        Libc.Watched* watched = stackalloc Libc.Watched[3];
        while (!_isEnding)
        {
            watched[0] = new Libc.Watched { Descriptor = group, Wanted = Libc.Readable };
            watched[1] = new Libc.Watched { Descriptor = quorum, Wanted = Libc.Readable };
            watched[2] = new Libc.Watched { Descriptor = (int)_bell.DangerousGetHandle(), Wanted = Libc.Readable };
            bool isSomething = Libc.Poll(watched, 3, TickMilliseconds) > 0;
            if (isSomething && watched[0].Seen != 0) Dispatch("cpg_dispatch", Cpg.Dispatch(_cpg, DispatchAll));
            if (isSomething && watched[1].Seen != 0) Dispatch("quorum_dispatch", Quorum.Dispatch(_quorum, DispatchAll));
            if (isSomething && watched[2].Seen != 0) Libc.Silence(_bell);
            DoWork();
            _events.OnTick();
            SendUnsent();
        }

        // In order: who closes the connection without it has ended without a word, to the others.
        Cpg.Name name = Name();
        Cpg.Leave(_cpg, &name);
    }

    private void Dispatch(string call, CsError answer)
    {
        if (_faultInCallback is { } fault) throw new InvalidOperationException($"A callback of corosync failed: {fault.Message}", fault);
        if (answer != CsError.TryAgain) CorosyncException.Check(call, answer);
    }

    private void DoWork()
    {
        while (_work.TryDequeue(out Action? work)) work();
    }

    /// <summary>
    /// Flow control refuses while the daemon has too much to do or changes its ring; it ends only when what waits on the sockets has been taken, so what was
    /// refused waits for the next round.
    /// </summary>
    private void SendUnsent()
    {
        while (_unsent.TryPeek(out byte[]? message))
        {
            fixed (byte* start = message)
            {
                var piece = new Cpg.Piece { Start = start, Length = (nuint)message.Length };
                CsError answer = Cpg.Multicast(_cpg, Cpg.Agreed, &piece, 1);
                if (answer == CsError.TryAgain) return;
                CorosyncException.Check("cpg_mcast_joined", answer);
            }

            _unsent.Dequeue();
        }
    }

    private void Close()
    {
        if (_quorum != 0) Quorum.Finish(_quorum);
        if (_cpg != 0) Cpg.Finish(_cpg);
        _quorum = _cpg = 0;
        _unsent.Clear();
    }

    /// <summary>Until the daemon is tried again; work is done meanwhile.</summary>
    private void Pause()
    {
        Libc.Watched bell = new() { Descriptor = (int)_bell.DangerousGetHandle(), Wanted = Libc.Readable };
        long until = Environment.TickCount64 + (long)RetryEvery.TotalMilliseconds;
        while (!_isEnding && Environment.TickCount64 < until)
        {
            if (Libc.Poll(&bell, 1, TickMilliseconds) > 0) Libc.Silence(_bell);
            DoWork();
            _events.OnTick();
        }
    }

    private Cpg.Name Name()
    {
        var name = new Cpg.Name();
        name.Length = (uint)Encoding.UTF8.GetBytes(_group, new Span<byte>(name.Value, Cpg.NameLengthMax));
        return name;
    }

    /// <summary>An exception must not go through the library's frames: it is kept until the call has returned.</summary>
    private void Guard(Action<IGroupEvents> tell)
    {
        if (_faultInCallback is not null) return;
        try
        {
            tell(_events);
        }
        catch (Exception fault)
        {
            _faultInCallback = fault;
        }
    }

    private static GroupSession? OfGroup(ulong handle) => Cpg.GetContext(handle, out nint context) == CsError.Ok ? Of(context) : null;

    private static GroupSession? Of(nint context) => (GroupSession?)GCHandle.FromIntPtr(context).Target;

    [UnmanagedCallersOnly]
    private static void Delivered(ulong handle, Cpg.Name* group, uint node, uint pid, byte* message, nuint length) =>
        OfGroup(handle)?.Guard(events => events.OnMessage(new GroupProcess(node, pid), new ReadOnlySpan<byte>(message, checked((int)length))));

    [UnmanagedCallersOnly]
    private static void Configured(
        ulong handle, Cpg.Name* group, Cpg.Address* members, nuint memberCount, Cpg.Address* left, nuint leftCount, Cpg.Address* joined, nuint joinedCount) =>
        OfGroup(handle)?.Guard(events =>
        {
            var present = new GroupProcess[memberCount];
            for (int i = 0; i < present.Length; i++) present[i] = new GroupProcess(members[i].Node, members[i].Pid);
            var gone = new (GroupProcess, DepartureCause)[leftCount];
            for (int i = 0; i < gone.Length; i++) gone[i] = (new GroupProcess(left[i].Node, left[i].Pid), (DepartureCause)left[i].Reason);
            events.OnMembers(present, gone);
        });

    [UnmanagedCallersOnly]
    private static void RingFormed(ulong handle, RingId ring, uint count, uint* nodes) => OfGroup(handle)?.Guard(events => events.OnRing(ring));

    [UnmanagedCallersOnly]
    private static void QuorumTold(ulong handle, uint isQuorate, RingId ring, uint count, uint* nodes)
    {
        nint context;
        if (Quorum.GetContext(handle, &context) == CsError.Ok) Of(context)?.Guard(events => events.OnQuorum(isQuorate != 0, ring));
    }

    /// <summary>The library calls it without looking whether there is one.</summary>
    [UnmanagedCallersOnly]
    private static void NodesTold(ulong handle, RingId ring, uint count, uint* nodes, uint joined, uint* joinedNodes, uint left, uint* leftNodes)
    {
    }
}
