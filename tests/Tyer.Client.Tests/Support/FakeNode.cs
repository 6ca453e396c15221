using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests.Support;

/// <summary>
/// A node that is only a protocol: it grants every lock at once, and says nothing to what a test tells it to pass over. For what a real node
/// does not do on demand.
/// </summary>
internal sealed class FakeNode : IClientAcceptor, ILinkReceiver, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer-fake-");
    private readonly ClientListener _listener;
    private readonly Lock _gate = new();
    private readonly Dictionary<WireKind, TaskCompletionSource<byte[]>> _awaited = [];
    private readonly HashSet<WireKind> _passedOver = [];
    private ClientLink? _link;
    private ulong _counter;

    internal FakeNode()
    {
        _listener = new ClientListener(new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("unix:" + Path.Combine(_folder.FullName, "s")) }, this);
    }

    internal string Endpoint => _listener.Endpoint.ToString();

    internal TimeSpan SafeFor { get; set; } = TimeSpan.MaxValue;

    /// <summary>Messages of this kind are not answered from now on.</summary>
    internal void PassOver(params WireKind[] kinds)
    {
        lock (_gate)
            _passedOver.UnionWith(kinds);
    }

    /// <summary>Completes with the next message of this kind.</summary>
    internal Task<byte[]> NextAsync(WireKind kind)
    {
        lock (_gate)
        {
            var awaited = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited[kind] = awaited;
            return awaited.Task.SoonAsync();
        }
    }

    internal void Close() => _link!.Close();

    internal delegate int SpanWrite(Span<byte> destination);

    internal void Send(SpanWrite write)
    {
        var bytes = new byte[WireLimits.MessageBytesMax];
        _link!.TrySend(0, 0, 0, bytes.AsSpan(0, write(bytes)));
    }

    internal void Grant(uint key, uint operation, RequestKind kind, LockMode? mode, RawStatus status = RawStatus.Ok) => Send(bytes => new CompletedMessage
    {
        Key = key, Operation = operation, Kind = kind, Status = status, Mode = mode, Id = LockId.Create(7, key + 1), Token = new FencingToken(1, ++_counter),
    }.Write(bytes));

    public ILinkReceiver OnAccepted(ClientLink client)
    {
        _link = client;
        return this;
    }

    public void OnMessage(in MessageView message)
    {
        var body = message.Body.ToArray();
        var kind = (WireKind)body[0];
        TaskCompletionSource<byte[]>? awaited;
        bool passesOver;
        lock (_gate)
        {
            passesOver = _passedOver.Contains(kind);
            _awaited.Remove(kind, out awaited);
        }

        if (!passesOver)
            Answer(kind, body);
        awaited?.SetResult(body);
    }

    public void OnBatchEnd()
    {
    }

    public void OnSendable()
    {
    }

    public void OnClosed(in LinkEnd end)
    {
    }

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Answer(WireKind kind, byte[] body)
    {
        switch (kind)
        {
            case WireKind.Hello:
                _link!.Admit();
                Send(new WelcomeMessage
                {
                    Version = 1, NodeId = 7, Incarnation = 1, Session = 5, SessionTimeout = TimeSpan.FromSeconds(10), Margin = TimeSpan.FromMilliseconds(250), SafeFor = SafeFor, Node = "fake7", Cluster = "fake", NodeVersion = "0",
                }.Write);
                break;
            case WireKind.KeepAlive:
                Assert.Equal(WireFault.None, KeepAliveMessage.TryRead(body, out var alive));
                Send(new KeepAliveHeardMessage(alive.SentAt, SafeFor).Write);
                break;
            case WireKind.OpenLockspace:
                Assert.Equal(WireFault.None, OpenLockspaceMessage.TryRead(body, out var open));
                Send(new LockspaceOpenedMessage(open.Request, 1, new LockspaceOptions()).Write);
                break;
            case WireKind.CloseLockspace:
                Assert.Equal(WireFault.None, CloseLockspaceMessage.TryRead(body, out var close));
                Send(new LockspaceClosedMessage(close.Request).Write);
                break;
            case WireKind.Lock:
                Assert.Equal(WireFault.None, LockMessage.TryRead(body, out var taken));
                Grant(taken.Key, taken.Operation, RequestKind.Lock, taken.Mode);
                break;
            case WireKind.Convert:
                Assert.Equal(WireFault.None, ConvertMessage.TryRead(body, out var converted));
                Grant(converted.Key, converted.Operation, RequestKind.Convert, converted.Mode);
                break;
            case WireKind.Unlock:
                Assert.Equal(WireFault.None, UnlockMessage.TryRead(body, out var released));
                Grant(released.Key, released.Operation, RequestKind.Unlock, null, RawStatus.Unlocked);
                break;
        }
    }
}
