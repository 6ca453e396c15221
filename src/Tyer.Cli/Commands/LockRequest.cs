using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Progress;

namespace Tyer.Cli.Commands;

/// <summary>The part that <c>run</c> and <c>hold</c> share: which lock, and getting it.</summary>
internal sealed class LockRequest
{
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
    };

    public Option<string?> Purpose { get; } = new("--purpose")
    {
        Description = "What the lock is for, shown to whoever waits.",
        HelpName = "TEXT",
    };

    public void AddTo(Command command)
    {
        Values.CompleteModes(Mode);
        command.Add(Resource);
        command.Add(Mode);
        command.Add(Wait);
        command.Add(Label);
        command.Add(Purpose);
    }

    /// <summary>Gets the lock; tells whom it waits for.</summary>
    /// <param name="invocation">What was asked for.</param>
    /// <param name="label">What to call the holder where nothing was said.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TyerException">It could not be had.</exception>
    public async Task<HeldLock> TakeAsync(Invocation invocation, string? label, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken, mayStartPrivate: true).ConfigureAwait(false);
        try
        {
            string name = invocation.Lockspace ?? Invocation.UsualLockspace;
            ILockspace lockspace = await connection.OpenLockspaceAsync(name, cancellationToken).ConfigureAwait(false);
            var options = new LockOptions
            {
                Owner = invocation.Get(Label) ?? label,
                Purpose = invocation.Get(Purpose),
                Timeout = invocation.Get(Wait),
                ValueBlock = false,
            };
            LockMode mode = invocation.Get(Mode) ?? LockMode.Exclusive;
            ResourceName resource = invocation.Get(Resource);
            Task<LockHandle> wait = lockspace.LockAsync(resource, mode, options, cancellationToken).AsTask();
            var reporter = new WaitReporter(invocation.Surroundings, name, resource, mode);
            LockHandle handle = await reporter.WatchAsync(wait, new ResourceSearch(connection.Administration), cancellationToken).ConfigureAwait(false);
            return new HeldLock(connection, lockspace, handle);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
