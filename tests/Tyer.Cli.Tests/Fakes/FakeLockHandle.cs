using Tyer.Time;

namespace Tyer.Cli.Tests.Fakes;

/// <summary>A lock that a test grants and takes away.</summary>
internal sealed class FakeLockHandle(ResourceName resource, LockMode mode) : LockHandle
{
    private readonly CancellationTokenSource _lost = new();
    private LossReason? _lostBecause;

    public override event EventHandler<BlockingNotice>? Blocking
    {
        add { }
        remove { }
    }

    public TaskCompletionSource Released { get; } = new();

    public TimeSpan SafeForWhileHeld { get; set; } = TimeSpan.MaxValue;

    public override ResourceName Resource => resource;

    public override LockMode Mode => mode;

    public override LockId Id { get; } = new(0x4000000000002a);

    public override FencingToken Token { get; } = new(7, 1042);

    public override LockValue Value => default;

    public override CancellationToken Lost => _lost.Token;

    public override LossReason? LostBecause => _lostBecause;

    public override TimeSpan SafeFor => _lostBecause is null ? SafeForWhileHeld : TimeSpan.Zero;

    public override LockMode? BlockedMode => null;

    public void Lose(LossReason reason)
    {
        _lostBecause = reason;
        _lost.Cancel();
    }

    public override ValueTask ConvertAsync(LockMode to, ConvertOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public override ValueTask<bool> TryConvertAsync(LockMode to, TimeSpan wait, ConvertOptions options, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public override void SetValue(ReadOnlySpan<byte> value) => throw new NotSupportedException();

    public override void InvalidateValue() => throw new NotSupportedException();

    public override ValueTask ReleaseAsync(CancellationToken cancellationToken = default)
    {
        Released.TrySetResult();
        return ValueTask.CompletedTask;
    }

    public override void Dispose() => Released.TrySetResult();

    public override ValueTask DisposeAsync() => ReleaseAsync();
}

/// <summary>A clock that a test moves.</summary>
internal sealed class FakeClock : IClock
{
    public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);
}
