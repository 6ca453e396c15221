using System.Runtime.CompilerServices;

namespace Tyer.Hosting;

/// <summary>A lockspace as a service: there from the first moment on, opened with the application, or by whoever uses it before.</summary>
internal sealed class HostedLockspace(LockspaceSource source, string name, LockspaceOptions? options) : ILockspace
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile ILockspace? _opened;
    private bool _isDisposed;

    /// <summary>The client or node that it comes from.</summary>
    internal LockspaceSource Source => source;

    public string Name => name;

    /// <exception cref="InvalidOperationException">It is not open yet, and this cannot wait.</exception>
    public IRawLockspace Raw => _opened?.Raw ?? throw new InvalidOperationException(
        $"Lockspace '{name}' is not open yet. It is opened when the host starts; before, use one of its asynchronous members first.");

    public ValueTask<LockHandle> LockAsync(ResourceName resource, LockMode mode = LockMode.Exclusive, CancellationToken cancellationToken = default) =>
        _opened is { } opened ? opened.LockAsync(resource, mode, cancellationToken) : OpenAndLockAsync(resource, mode, cancellationToken);

    public ValueTask<LockHandle> LockAsync(
        ResourceName resource, LockMode mode, LockOptions options, CancellationToken cancellationToken = default) =>
        _opened is { } opened ? opened.LockAsync(resource, mode, options, cancellationToken) : OpenAndLockAsync(resource, mode, options, cancellationToken);

    public ValueTask<LockHandle?> TryLockAsync(ResourceName resource, LockMode mode, TimeSpan wait, CancellationToken cancellationToken = default) =>
        _opened is { } opened ? opened.TryLockAsync(resource, mode, wait, cancellationToken) : OpenAndTryLockAsync(resource, mode, wait, cancellationToken);

    public ValueTask<LockHandle?> TryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, LockOptions options, CancellationToken cancellationToken = default) =>
        _opened is { } opened
            ? opened.TryLockAsync(resource, mode, wait, options, cancellationToken)
            : OpenAndTryLockAsync(resource, mode, wait, options, cancellationToken);

    public async IAsyncEnumerable<ResourceSnapshot> QueryAsync(
        ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var opened = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await foreach (var found in opened.QueryAsync(query, cancellationToken).ConfigureAwait(false))
            yield return found;
    }

    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync().ConfigureAwait(false);
        var isFirst = !_isDisposed;
        _isDisposed = true;
        _opening.Release();
        if (isFirst && _opened is { } opened)
            await opened.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Opens it, if that has not been done.</summary>
    internal async ValueTask<ILockspace> OpenAsync(CancellationToken cancellationToken)
    {
        if (_opened is { } opened)
            return opened;
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(ILockspace));
            return _opened ??= await source.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _opening.Release();
        }
    }

    private async ValueTask<LockHandle> OpenAndLockAsync(ResourceName resource, LockMode mode, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken).ConfigureAwait(false)).LockAsync(resource, mode, cancellationToken).ConfigureAwait(false);

    private async ValueTask<LockHandle> OpenAndLockAsync(
        ResourceName resource, LockMode mode, LockOptions lockOptions, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken).ConfigureAwait(false)).LockAsync(resource, mode, lockOptions, cancellationToken).ConfigureAwait(false);

    private async ValueTask<LockHandle?> OpenAndTryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken).ConfigureAwait(false)).TryLockAsync(resource, mode, wait, cancellationToken).ConfigureAwait(false);

    private async ValueTask<LockHandle?> OpenAndTryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, LockOptions lockOptions, CancellationToken cancellationToken) =>
        await (await OpenAsync(cancellationToken).ConfigureAwait(false))
            .TryLockAsync(resource, mode, wait, lockOptions, cancellationToken).ConfigureAwait(false);
}
