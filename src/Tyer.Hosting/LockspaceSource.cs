namespace Tyer.Hosting;

/// <summary>
/// The client or node that a lockspace comes from, made when it is first needed and no sooner: constructors that ask for a lockspace must not
/// wait for a daemon. An attempt that failed is made again by the next who needs it.
/// </summary>
internal abstract class LockspaceSource : IAsyncDisposable
{
    /// <summary>Connects, or starts, if that has not been done.</summary>
    internal abstract ValueTask StartAsync(CancellationToken cancellationToken);

    internal abstract ValueTask<ILockspace> OpenAsync(string name, LockspaceOptions? options, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A source around an object that takes time to make.</summary>
/// <param name="make">Makes it.</param>
/// <param name="open">Opens a lockspace with it.</param>
internal sealed class LockspaceSource<T>(
    Func<CancellationToken, ValueTask<T>> make, Func<T, string, LockspaceOptions?, CancellationToken, ValueTask<ILockspace>> open) : LockspaceSource
    where T : class, IAsyncDisposable
{
    private readonly SemaphoreSlim _making = new(1, 1);
    private volatile T? _made;
    private bool _isDisposed;

    /// <summary>It, made if that has not been done; blocks until it is.</summary>
    internal T Value => _made ?? GetAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

    internal override async ValueTask StartAsync(CancellationToken cancellationToken) => await GetAsync(cancellationToken).ConfigureAwait(false);

    internal override async ValueTask<ILockspace> OpenAsync(string name, LockspaceOptions? options, CancellationToken cancellationToken) =>
        await open(await GetAsync(cancellationToken).ConfigureAwait(false), name, options, cancellationToken).ConfigureAwait(false);

    public override async ValueTask DisposeAsync()
    {
        await _making.WaitAsync().ConfigureAwait(false);
        var isFirst = !_isDisposed;
        _isDisposed = true;
        _making.Release();
        if (isFirst && _made is { } made)
            await made.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<T> GetAsync(CancellationToken cancellationToken)
    {
        if (_made is { } made)
            return made;
        await _making.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(T));
            return _made ??= await make(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _making.Release();
        }
    }
}
