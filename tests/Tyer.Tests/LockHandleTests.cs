namespace Tyer.Tests;

/// <summary>An application can bring its own handle; what the base class does by itself, it does through the abstract members.</summary>
public class LockHandleTests
{
    [Fact]
    public void A_handle_that_is_lost_throws_what_it_lost_and_why()
    {
        using var handle = new FakeHandle();
        handle.ThrowIfLost();

        handle.Lose(LossReason.Revoked);
        var e = Assert.Throws<LockLostException>(handle.ThrowIfLost);
        Assert.Equal(LossReason.Revoked, e.Reason);
        Assert.Equal(handle.Resource, e.Resource);
        Assert.Equal(handle.Mode, e.Mode);
        Assert.Equal(handle.Id, e.Id);
        Assert.Equal(handle.Token, e.Token);
    }

    [Fact]
    public async Task Conversions_without_options_are_conversions_with_the_default_ones()
    {
        await using var handle = new FakeHandle();
        using var cancel = new CancellationTokenSource();
        await handle.ConvertAsync(LockMode.ProtectedRead, cancel.Token);
        Assert.True(await handle.TryConvertAsync(LockMode.Null, TimeSpan.FromSeconds(1), cancel.Token));
        Assert.Equal(
            [
                (LockMode.ProtectedRead, null, new ConvertOptions(), cancel.Token),
                (LockMode.Null, TimeSpan.FromSeconds(1), new ConvertOptions(), cancel.Token),
            ],
            handle.Conversions);
    }

    private sealed class FakeHandle : LockHandle
    {
        private readonly CancellationTokenSource _lost = new();
        private LossReason? _reason;

        public override event EventHandler<BlockingNotice>? Blocking
        {
            add { }
            remove { }
        }

        public List<(LockMode To, TimeSpan? Wait, ConvertOptions Options, CancellationToken Token)> Conversions { get; } = [];

        public override ResourceName Resource => "orders/42";

        public override LockMode Mode => LockMode.Exclusive;

        public override LockId Id => LockId.Create(1, 42);

        public override FencingToken Token => new(7, 1042);

        public override LockValue Value => default;

        public override CancellationToken Lost => _lost.Token;

        public override LossReason? LostBecause => _reason;

        public override TimeSpan SafeFor => TimeSpan.Zero;

        public override LockMode? BlockedMode => null;

        public void Lose(LossReason reason)
        {
            _reason = reason;
            _lost.Cancel();
        }

        public override ValueTask ConvertAsync(LockMode to, ConvertOptions options, CancellationToken cancellationToken = default)
        {
            Conversions.Add((to, null, options, cancellationToken));
            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> TryConvertAsync(
            LockMode to, TimeSpan wait, ConvertOptions options, CancellationToken cancellationToken = default)
        {
            Conversions.Add((to, wait, options, cancellationToken));
            return ValueTask.FromResult(true);
        }

        public override void SetValue(ReadOnlySpan<byte> value)
        {
        }

        public override void InvalidateValue()
        {
        }

        public override ValueTask ReleaseAsync(CancellationToken cancellationToken = default) => DisposeAsync();

        public override void Dispose() => _lost.Dispose();

        public override ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
