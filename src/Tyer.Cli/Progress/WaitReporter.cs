using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Explaining;
using Tyer.Daemon.Text;
using Tyer.Sessions.Explaining;
using Tyer.Time;

namespace Tyer.Cli.Progress;

/// <summary>
/// Tells people what a command waits for when it takes longer than a second: on a terminal one line that is kept up to date and goes away,
/// elsewhere one line, once.
/// </summary>
internal sealed class WaitReporter(Surroundings surroundings, string lockspace, ResourceName resource, LockMode mode)
{
    /// <summary>How long nothing is said.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private const string ClearLine = "\r\e[K";

    private readonly IClock _clock = surroundings.Clock;

    /// <summary>Waits for a lock, and tells about it.</summary>
    /// <param name="wait">The request.</param>
    /// <param name="search">Finds out who is in the way.</param>
    /// <param name="cancellationToken">Ends the telling; the request has its own.</param>
    public async Task<LockHandle> WatchAsync(Task<LockHandle> wait, ResourceSearch search, CancellationToken cancellationToken)
    {
        TimeSpan start = _clock.Now;
        bool hasTold = false;
        while (!await IsDoneWithinAsync(wait, Patience, cancellationToken).ConfigureAwait(false) && !cancellationToken.IsCancellationRequested)
        {
            if (hasTold && surroundings.ErrorWidth is null) break;
            using var telling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<string> line = DescribeAsync(search, start, telling.Token);
            // A member that does not answer holds up the description, but not the end of the wait.
            bool isOver = await Task.WhenAny(wait, line).ConfigureAwait(false) == wait;
            await telling.CancelAsync().ConfigureAwait(false);
            if (isOver) break;
            Tell(await line.ConfigureAwait(false));
            hasTold = true;
        }

        try
        {
            return await wait.ConfigureAwait(false);
        }
        finally
        {
            if (hasTold && surroundings.ErrorWidth is not null) await surroundings.Error.WriteAsync(ClearLine).ConfigureAwait(false);
        }
    }

    private static async Task<bool> IsDoneWithinAsync(Task wait, TimeSpan time, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task first = await Task.WhenAny(wait, Task.Delay(time, done.Token)).ConfigureAwait(false);
        await done.CancelAsync().ConfigureAwait(false);
        return first == wait;
    }

    private void Tell(string line)
    {
        if (surroundings.ErrorWidth is not { } width)
        {
            surroundings.Error.WriteLine(line);
            return;
        }

        // The last column stays free: some terminals wrap as soon as it is written.
        surroundings.Error.Write(ClearLine + (line.Length < width ? line : line[..Math.Max(0, width - 2)] + "…"));
        surroundings.Error.Flush();
    }

    private async Task<string> DescribeAsync(ResourceSearch search, TimeSpan start, CancellationToken cancellationToken)
    {
        string details;
        try
        {
            Found found = await search.RunAsync(lockspace, new ResourceQuery { Resource = resource }, cancellationToken).ConfigureAwait(false);
            details = found.Resources is [var one, ..] ? Details(one.Snapshot) : found.Cause?.Detail ?? "about to be granted";
        }
        catch (Exception exception) when (exception is TyerException or OperationCanceledException)
        {
            details = "who holds it cannot be told now";
        }

        return $"{TyerCommand.Name}: waiting for {mode.ToShortName()} on '{resource}' for {DurationText.Format(_clock.Now - start)}: {details}";
    }

    private string Details(ResourceSnapshot snapshot)
    {
        if (snapshot.HeldUpBy is { } reason) return $"held up by {reason}";

        LockEntry? own = WaitRules.Queue(snapshot).FirstOrDefault(waiting =>
            waiting.Owner.ProcessId == Environment.ProcessId && waiting.Requested == mode && waiting.Owner.Host == Environment.MachineName);
        LockEntry? holder = own is not null && WaitRules.InTheWayOf(own, snapshot) is [var blocker, ..]
            ? blocker
            : WaitRules.Held(snapshot).FirstOrDefault(held => !LockModes.IsCompatible(held.Granted!.Value, mode));
        int position = own is null ? 0 : WaitRules.Queue(snapshot).TakeWhile(ahead => ahead != own).Count() + 1;
        string place = position == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; place {position} in the queue");
        return (holder?.ToString() ?? "about to be granted") + place;
    }
}
