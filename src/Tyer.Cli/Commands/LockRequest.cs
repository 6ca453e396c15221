using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Progress;
using Tyer.Sessions.Explaining;

namespace Tyer.Cli.Commands;

/// <summary>The part that <c>run</c> and <c>hold</c> share: which lock, and getting it.</summary>
internal sealed class LockRequest
{
    /// <summary>What opening a lockspace may take also where the lock is not to be waited for: as long as a question to all members.</summary>
    private static readonly TimeSpan OpeningMin = TimeSpan.FromSeconds(2);

    public Argument<ResourceName> Resource { get; } = new("name")
    {
        HelpName = "NAME",
        Description = @"The resource to lock: 1 to 64 bytes; \xNN for any byte, or hex: and digits.",
        CustomParser = Values.Resource,
    };

    public Option<LockMode?> Mode { get; } = new("--mode", "-m")
    {
        Description = "How to lock it: NL, CR, CW, PR (shared), PW or EX (alone). Default: EX.",
        HelpName = "MODE",
        CustomParser = Values.OptionalMode,
    };

    public Option<TimeSpan?> Wait { get; } = new("--wait", "-w")
    {
        Description = "How long to wait for it, such as 30s; 0: not at all. Default: as long as it takes.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    public Option<string?> Label { get; } = new("--label")
    {
        Description = "What to call the holder, shown to whoever waits.",
        HelpName = "TEXT",
        CustomParser = Values.Label,
    };

    public Option<string?> Purpose { get; } = new("--purpose")
    {
        Description = "What the lock is for, shown to whoever waits.",
        HelpName = "TEXT",
        CustomParser = Values.Label,
    };

    public Option<bool> Persistent { get; } = new("--persistent")
    {
        Description = "Should this die before it is done, the lock stays, as an orphan, until somebody adopts or purges it (tyer orphans).",
    };

    public void AddTo(Command command)
    {
        Values.CompleteModes(Mode);
        command.Add(Resource);
        command.Add(Mode);
        command.Add(Wait);
        command.Add(Label);
        command.Add(Purpose);
        command.Add(Persistent);
    }

    /// <summary>Gets the lock; tells whom it waits for.</summary>
    /// <param name="invocation">What was asked for.</param>
    /// <param name="usualLabel">What to call the holder where nothing was said.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TyerException">It could not be had.</exception>
    public async Task<HeldLock> TakeAsync(Invocation invocation, string? usualLabel, CancellationToken cancellationToken)
    {
        string? label = invocation.Get(Label) ?? usualLabel;
        IConnection connection = await invocation.ConnectToLockAsync(label, cancellationToken).ConfigureAwait(false);
        try
        {
            string name = invocation.Lockspace ?? Invocation.UsualLockspace;
            ILockspace lockspace = await OpenAsync(invocation, connection, name, invocation.Get(Wait), cancellationToken).ConfigureAwait(false);
            LockHandle handle = await LockAsync(invocation, label, lockspace, new ResourceSearch(connection.Administration), cancellationToken).ConfigureAwait(false);
            return new HeldLock(connection, lockspace, handle);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens the lockspace: an agreement of the cluster, which is there at once, or has to wait for somebody who does not answer.</summary>
    public static async Task<ILockspace> OpenAsync(Invocation invocation, IConnection connection, string name, TimeSpan? wait, CancellationToken cancellationToken)
    {
        TimeSpan? limit = wait < OpeningMin ? OpeningMin : wait;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (limit is { } span) over.CancelAfter(span);
        try
        {
            Task<ILockspace> opening = connection.OpenLockspaceAsync(name, over.Token).AsTask();
            if (await Task.WhenAny(opening, Task.Delay(WaitReporter.Patience, over.Token)).ConfigureAwait(false) != opening)
                invocation.Say($"waiting until lockspace '{name}' can be opened; 'tyer status' says what is in the way.");
            return await opening.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LockUnavailableException(
                UnavailableReason.Unreachable,
                $"Opening lockspace '{name}'",
                $"nobody has decided about it within {limit!.Value.TotalSeconds:0.#} s; 'tyer status' says what is in the way");
        }
    }

    private async Task<LockHandle> LockAsync(
        Invocation invocation, string? label, ILockspace lockspace, ResourceSearch search, CancellationToken cancellationToken)
    {
        ResourceName resource = invocation.Get(Resource);
        LockMode mode = invocation.Get(Mode) ?? LockMode.Exclusive;
        var options = new LockOptions
        {
            Owner = label,
            Purpose = invocation.Get(Purpose),
            Timeout = invocation.Get(Wait),
            ValueBlock = false,
            Persistent = invocation.Get(Persistent),
        };
        try
        {
            Task<LockHandle> wait = lockspace.LockAsync(resource, mode, options, cancellationToken).AsTask();
            var reporter = new WaitReporter(invocation.Surroundings, lockspace.Name, resource, mode);
            return await reporter.WatchAsync(wait, search, cancellationToken).ConfigureAwait(false);
        }
        catch (LockUnavailableException silent) when (options.Timeout == TimeSpan.Zero && silent.Reason == UnavailableReason.Unreachable)
        {
            // Who was not to wait is told that nobody has decided; who that would be, the search knows.
            Found found = await search.RunAsync(lockspace.Name, new ResourceQuery { Resource = resource }, cancellationToken).ConfigureAwait(false);
            throw Undecided(new LockAttempt(lockspace.Name, resource, mode), found);
        }
        catch (LockTimeoutException busy) when (busy.Holders.Count == 0)
        {
            // A request that did not queue is refused without a word about who is in the way.
            throw await WithHoldersAsync(busy, search, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<TyerException> WithHoldersAsync(LockTimeoutException busy, ResourceSearch search, CancellationToken cancellationToken)
    {
        Found found = await search.RunAsync(busy.Attempt.Lockspace, new ResourceQuery { Resource = busy.Attempt.Resource }, cancellationToken).ConfigureAwait(false);
        if (found.Resources is not [var resource, ..]) return found.Incomplete is null ? busy : Undecided(busy.Attempt, found);
        LockEntry[] holders = [.. WaitRules.Held(resource.Snapshot).Where(held => !LockModes.IsCompatible(held.Granted!.Value, busy.Attempt.Mode))];
        return new LockTimeoutException(busy.Attempt, busy.Waited, holders, busy.QueuePosition, busy.RootBlocker, resource.Snapshot.HeldUpBy);
    }

    /// <summary>Busy and broken must not look alike: somebody who may have the lock, or decide about it, does not answer.</summary>
    private static LockUnavailableException Undecided(LockAttempt attempt, Found found) => new(
        UnavailableReason.Unreachable,
        $"{attempt}",
        $"nobody has decided about it: {WhyUndecided(found)}");

    private static string WhyUndecided(Found found)
    {
        string? heldUpBy = found.Resources is [var resource, ..] ? resource.Snapshot.HeldUpBy : null;
        return heldUpBy ?? found.Cause?.Detail ?? "its master does not answer";
    }
}
