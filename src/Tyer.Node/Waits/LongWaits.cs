using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Explaining;

namespace Tyer.Node.Waits;

/// <summary>
/// Requests of this node without a time limit that have waited for long: the log says for whom, for a silent stall is what people fear most
/// of locks (L6). Explained one after the other, on the pool; of many at once the first, and how many more there are.
/// </summary>
internal sealed partial class LongWaits(NodeCore node)
{
    private readonly ILogger _log = node.Log;
    private readonly ConcurrentQueue<LongWait> _waits = new();
    private int _isRunning;

    /// <summary>Notes a wait to be told of; called under the lock of a shard.</summary>
    internal void Add(LongWait wait)
    {
        _waits.Enqueue(wait);
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static waits => _ = waits.RunAsync(), this, preferLocal: false);
    }

    private async Task RunAsync()
    {
        do
        {
            await TellAllAsync().ConfigureAwait(false);
            Interlocked.Exchange(ref _isRunning, 0);
        }
        while (!_waits.IsEmpty && Interlocked.Exchange(ref _isRunning, 1) == 0);
    }

    private async Task TellAllAsync()
    {
        var told = 0;
        var more = 0;
        while (_waits.TryDequeue(out var wait))
        {
            if (++told > NodeLimits.LongWaitsToldMax)
                more++;
            else
                await TellAsync(wait).ConfigureAwait(false);
        }

        if (more > 0)
            LogMore(more);
    }

    private async Task TellAsync(LongWait wait)
    {
        if (wait.TellClient is null && !_log.IsEnabled(LogLevel.Warning))
            return;
        var (waiting, place, root) = await ExplainAsync(wait).ConfigureAwait(false);
        LogLong(waiting?.Owner ?? wait.Owner, Whole(wait.Waited), wait.Mode, wait.Resource, wait.Lockspace, place, root);
        wait.TellClient?.Invoke(wait.Waited, $"{place}; root blocker: {root}");
    }

    /// <summary>Asks whoever masters what the chain of waits leads over.</summary>
    private async Task<(LockEntry? Waiting, string Place, string Root)> ExplainAsync(LongWait wait)
    {
        try
        {
            var (found, isWhole) = await FindAsync(wait.Lockspace, new ResourceQuery { Resource = wait.Resource }).ConfigureAwait(false);
            if (found is not [var resource, ..] || WaitRules.Queue(resource.Snapshot).FirstOrDefault(each => each.Id == wait.Id) is not { } waiting)
                return (null, "in no queue", isWhole ? "it is about to be granted, or its master is being found" : "not known, as not every member answers");
            var position = WaitRules.Queue(resource.Snapshot).TakeWhile(ahead => ahead.Id != wait.Id).Count() + 1;
            var place = string.Create(CultureInfo.InvariantCulture, $"place {position} in the queue");
            if (resource.Snapshot.HeldUpBy is { } reason)
                return (waiting, place, reason);
            if (WaitRules.InTheWayOf(waiting, resource.Snapshot) is not [var first, ..])
                return (waiting, place, "none, it is about to be granted");
            var chain = await BlockerChain.FollowAsync(first, WaitsOfAsync).ConfigureAwait(false);
            return (waiting, place, RootOf(chain, wait.Resource));
        }
        catch (Exception fault) when (fault is TyerException or ObjectDisposedException)
        {
            return (null, "in a place not known", fault.Message);
        }
    }

    private static string RootOf(BlockerChain chain, ResourceName waitedFor)
    {
        if (chain.IsCircle)
            return "they wait for each other: " + string.Join("; ", chain.Links.Select(link => $"'{link.Resource}' {link}"));
        var root = chain.Links[^1];
        return root.Resource == waitedFor ? root.ToString() : $"on '{root.Resource}' {root}";
    }

    private async Task<IReadOnlyList<LockspaceResource>> WaitsOfAsync(LockEntry link)
    {
        var query = new ResourceQuery { ContendedOnly = true, Owner = link.Owner.ProcessId.ToString(CultureInfo.InvariantCulture) };
        return (await FindAsync(null, query).ConfigureAwait(false)).Found;
    }

    /// <summary>What was found, and whether everybody was heard.</summary>
    private async Task<(IReadOnlyList<LockspaceResource> Found, bool IsWhole)> FindAsync(string? lockspace, ResourceQuery query)
    {
        var found = new List<LockspaceResource>();
        try
        {
            await foreach (var each in node.Administration.QueryAsync(lockspace, query).ConfigureAwait(false))
                found.Add(each);
            return (found, true);
        }
        catch (LockUnavailableException fault) when (fault.Reason == UnavailableReason.Incomplete)
        {
            return (found, false);
        }
    }

    private static TimeSpan Whole(TimeSpan waited) => new(waited.Ticks - (waited.Ticks % TimeSpan.TicksPerSecond));

    [LoggerMessage(EventId = 1501, Level = LogLevel.Warning, Message = "{Owner} has waited {Waited} for {Mode} on '{Resource}' in lockspace '{Lockspace}', {Place}; root blocker: {RootBlocker}")]
    private partial void LogLong(LockOwner owner, TimeSpan waited, LockMode mode, ResourceName resource, string lockspace, string place, string rootBlocker);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "{Count} more requests have waited for long; 'tyer ls --contended' lists them")]
    private partial void LogMore(int count);
}

/// <summary>A request that has waited for long.</summary>
/// <param name="Id">Its lock.</param>
/// <param name="Resource">What it waits for.</param>
/// <param name="Lockspace">The lockspace's name.</param>
/// <param name="Mode">The mode it waits for.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Waited">How long.</param>
/// <param name="TellClient">Tells the process that waits, if it is another one.</param>
internal readonly record struct LongWait(
    LockId Id, ResourceName Resource, string Lockspace, LockMode Mode, LockOwner Owner, TimeSpan Waited, Action<TimeSpan, string>? TellClient);
