using System.Globalization;
using Tyer.Cli.Connections;

namespace Tyer.Cli.Commands;

/// <summary>A lock that a command holds, with the session that it lives in.</summary>
internal sealed class HeldLock(IConnection connection, ILockspace lockspace, LockHandle handle) : IAsyncDisposable
{
    private static readonly TimeSpan ReleaseMax = TimeSpan.FromSeconds(5);

    public LockHandle Handle => handle;

    /// <summary>Whether it is not released when this ends, but left behind as an orphan. Only for one that is persistent.</summary>
    public bool StaysBehind { get; set; }

    public string Lockspace => lockspace.Name;

    /// <summary>What a command is told of the lock, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["TYER_TOKEN"] = handle.Token.ToString(),
        ["TYER_TOKEN_INT"] = handle.Token.ToInt64().ToString(CultureInfo.InvariantCulture),
        ["TYER_RESOURCE"] = handle.Resource.ToString(),
        ["TYER_MODE"] = handle.Mode.ToShortName(),
        ["TYER_LOCKSPACE"] = lockspace.Name,
        ["TYER_LOCK_ID"] = handle.Id.ToString(),
    };

    /// <summary>Releases the lock so that whoever comes next finds it free; the end of the session does it in any case, but for one that is persistent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!StaysBehind) await ReleaseAsync().ConfigureAwait(false);
        await lockspace.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(ReleaseMax);
        try
        {
            await handle.ReleaseAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TyerException or OperationCanceledException or ObjectDisposedException)
        {
            // Lost, or nobody answers: then it is freed, or will be, with the session.
        }
    }
}
