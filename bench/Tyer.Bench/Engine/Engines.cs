using System.Text;
using Tyer.Engine;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;

namespace Tyer.Bench.Engine;

/// <summary>One or two engines in one thread, in one view, with one lockspace; messages between them are carried on demand.</summary>
internal sealed class Engines
{
    private const uint Space = 1;

    private readonly LockEngine[] _engines;
    private readonly Carrier[] _carriers;
    private uint _sessions;

    internal Engines(int nodes)
    {
        _carriers = [.. Enumerable.Range(1, nodes).Select(_ => new Carrier())];
        _engines = [.. _carriers.Select((carrier, index) => new LockEngine(new EngineOptions { Node = (uint)index + 1 }, carrier))];
        var view = new EngineView(1, [.. _engines.Select((_, index) => new EngineMember((uint)index + 1, Incarnation: 1))]);
        foreach (var engine in _engines)
        {
            engine.Install(view);
            foreach (var member in view.Members)
            {
                engine.Mark(member.Id, RecoveryMarker.DirectoryDone, view.Id);
                engine.Mark(member.Id, RecoveryMarker.LocksDone, view.Id);
            }

            engine.OpenLockspace(Space, new LockspaceSettings(ValueSize: 64, QueueLengthMax: 10_000, LocksPerSessionMax: 100_000));
        }
    }

    internal LockEngine this[int node] => _engines[node - 1];

    internal Session OpenSession(int node, LastCompletion completion) =>
        this[node].OpenSession(++_sessions, Encoding.UTF8.GetBytes("bench"), processId: 0, completion);

    internal LockId Lock(int node, Session session, ResourceName name, LockMode mode)
    {
        var call = new LockCall { Space = Space, Name = name, Mode = mode };
        Accept(this[node].Lock(session, call, out var id));
        return id;
    }

    internal void Convert(int node, Session session, LockId id, LockMode mode)
    {
        var call = new ConvertCall { Mode = mode };
        Accept(this[node].Convert(session, id, call));
    }

    internal void Unlock(int node, Session session, LockId id) => Accept(this[node].Unlock(session, id, RawFlags.None));

    /// <summary>Carries messages between nodes 1 and 2 until none is left.</summary>
    internal void Deliver()
    {
        while (_carriers[0].DeliverTo(this[2], from: 1) | _carriers[1].DeliverTo(this[1], from: 2))
        {
        }
    }

    private static void Accept(RawResult result)
    {
        if (result != RawResult.Accepted)
            throw new InvalidOperationException($"the engine refused: {result}");
    }

    /// <summary>What one engine has sent, in order, until it is delivered. Keeps its buffers.</summary>
    private sealed class Carrier : IPeerSender
    {
        private readonly byte[] _bytes = new byte[16 * MessageCodec.LengthMax];
        private readonly (ulong View, int Start, int Length)[] _messages = new (ulong, int, int)[16];
        private int _sent;
        private int _used;

        public void Send(uint node, ulong view, ReadOnlySpan<byte> message)
        {
            message.CopyTo(_bytes.AsSpan(_used));
            _messages[_sent++] = (view, _used, message.Length);
            _used += message.Length;
        }

        public void Announce(RecoveryMarker marker, ulong view)
        {
            // Nothing is in doubt here: the engines are told so from the start.
        }

        internal bool DeliverTo(LockEngine engine, uint from)
        {
            var sent = _sent;
            for (var i = 0; i < sent; i++)
            {
                var (view, start, length) = _messages[i];
                if (!engine.Receive(new MemberId(from, Incarnation: 1), view, _bytes.AsSpan(start, length)))
                    throw new InvalidOperationException("an engine refused the message of another");
            }

            _sent = 0;
            _used = 0;
            return sent > 0;
        }
    }
}
