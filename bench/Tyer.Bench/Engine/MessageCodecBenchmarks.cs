using System.Text;
using BenchmarkDotNet.Attributes;
using Tyer.Engine.Messages;

namespace Tyer.Bench.Engine;

/// <summary>Messages to bytes and back: the request of a new lock, and the grant that answers it, with a value of 64 bytes.</summary>
[MemoryDiagnoser]
public class MessageCodecBenchmarks
{
    private readonly byte[] _name = Encoding.UTF8.GetBytes("orders/42");
    private readonly byte[] _value = new byte[64];
    private readonly byte[] _destination = new byte[MessageCodec.LengthMax];
    private readonly byte[] _request = new byte[MessageCodec.LengthMax];
    private readonly byte[] _grant = new byte[MessageCodec.LengthMax];
    private int _requestLength;
    private int _grantLength;

    [GlobalSetup]
    public void Setup()
    {
        _requestLength = MessageCodec.Write(Request(), _request);
        _grantLength = MessageCodec.Write(Grant(), _grant);
    }

    [Benchmark(Description = "write a request")]
    public int WriteRequest() => MessageCodec.Write(Request(), _destination);

    [Benchmark(Description = "read a request")]
    public uint ReadRequest() => Read(_request.AsSpan(0, _requestLength));

    [Benchmark(Description = "write a grant")]
    public int WriteGrant() => MessageCodec.Write(Grant(), _destination);

    [Benchmark(Description = "read a grant")]
    public uint ReadGrant() => Read(_grant.AsSpan(0, _grantLength));

    private static uint Read(ReadOnlySpan<byte> bytes) =>
        MessageCodec.TryRead(bytes, out var message) ? message.Operation : throw new InvalidOperationException("not a message");

    private Message Request() => new()
    {
        Kind = MessageKind.Request, Slot = 7, Space = 1, Name = _name, Lock = new LockId(1), Operation = 1, Mode = LockMode.Exclusive, Session = 1,
    };

    private Message Grant() => new()
    {
        Kind = MessageKind.Granted, Slot = 7, Lock = new LockId(1), Operation = 1, Mode = LockMode.Exclusive, Token = new FencingToken(1, 1),
        ValueState = LockValueState.Valid, Value = _value, ValueVersion = 1,
    };
}
