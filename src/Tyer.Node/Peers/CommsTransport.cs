namespace Tyer.Node.Peers;

internal sealed class CommsTransport(NodeSettings settings, ulong incarnation) : IPeerTransport
{
    public void Start(IPeerTransportObserver observer) => throw new NotImplementedException($"{settings} {incarnation}");
    public bool TrySend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body) => false;
    public void EnterBatch(uint node) { }
    public void LeaveBatch(uint node) { }
    public bool IsConnected(uint node) => false;
    public ValueTask DisposeAsync() => default;
}
