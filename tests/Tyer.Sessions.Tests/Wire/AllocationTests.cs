using Tyer.Sessions.Wire;

namespace Tyer.Sessions.Tests.Wire;

public class AllocationTests
{
    [Fact]
    public void A_lock_its_grant_and_its_release_allocate_nothing()
    {
        var buffer = new byte[WireLimits.CallBytesMax];
        Assert.Equal(64u * 1000, Run(1000, buffer));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(10_000, buffer);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static uint Run(int rounds, byte[] buffer)
    {
        var bytes = 0u;
        for (var round = 0u; round < rounds; round++)
        {
            var length = new LockMessage { Mode = LockMode.Exclusive, Flags = RawFlags.ValBlk, Key = round, Operation = 1, Space = 1, NotifyBlocking = true, Name = "orders/42"u8 }.Write(buffer);
            LockMessage.TryRead(buffer.AsSpan(0, length), out var call);
            length = new CompletedMessage { Key = call.Key, Operation = call.Operation, Kind = RequestKind.Lock, Status = RawStatus.Ok, Mode = call.Mode, ValueState = LockValueState.Valid, ValueVersion = 3, Value = Value }.Write(buffer);
            CompletedMessage.TryRead(buffer.AsSpan(0, length), out var told);
            length = new UnlockMessage { Key = told.Key, Operation = 2, GivesValue = true, Value = told.Value }.Write(buffer);
            UnlockMessage.TryRead(buffer.AsSpan(0, length), out var unlock);
            bytes += (uint)unlock.Value.Length;
        }

        return bytes;
    }

    private static readonly byte[] Value = new byte[64];
}
