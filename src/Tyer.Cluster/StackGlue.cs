using System.Text;

namespace Tyer.Cluster;

/// <summary>
/// Owns the one active stack of a node and hands out connections to groups, each with callbacks of its own: users know no stack, and stacks no users. The lock manager of a node is
/// such a user; a file system or a control program beside it is another.
/// </summary>
/// <remarks>
/// <para>All groups of a node share the one connection to its stack: they have the same members and views, and what ends the connection ends all. So they offer
/// the same versions.</para>
/// <para>The stack is in use from the first connection until the last group has hung up, and cannot be exchanged meanwhile. Then its connection is closed.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var glue = new StackGlue(stack);
/// GroupConnection group = await glue.ConnectAsync("shop", new LockingProtocol(callbacks), expectedStack: "corosync");
/// …
/// await group.DisconnectAsync();
/// await glue.HangUpAsync("shop");
/// </code>
/// </example>
public sealed class StackGlue : IAsyncDisposable
{
    private readonly SemaphoreSlim _change = new(1, 1);
    private readonly SortedDictionary<string, GroupConnection> _groups = new(StringComparer.Ordinal);
    private IClusterStack? _stack;
    private GroupRelay? _relay;
    private volatile IGroupConnection? _shared;

    /// <summary>Owns a stack.</summary>
    /// <param name="stack">Not connected yet.</param>
    public StackGlue(IClusterStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        _stack = stack;
    }

    /// <summary>The stack; null after the last group has hung up, until another is selected.</summary>
    public IClusterStack? Stack => Volatile.Read(ref _stack);

    /// <summary>The groups that keep the stack in use, by name.</summary>
    public IReadOnlyList<string> Groups
    {
        get
        {
            lock (_groups) return [.. _groups.Keys];
        }
    }

    /// <summary>What can be asked of it and of its stack: besides the constants there, the stack's own (<c>failure-detection</c>, <c>leave</c> …).</summary>
    public CapabilityWords Capabilities => new(string.Join(
        ' ',
        [
            CapabilityWords.AgnosticConnect, CapabilityWords.HangUp, CapabilityWords.GroupCallbacks, CapabilityWords.SharedConnection,
            .. Enum.GetValues<StackCapabilities>().Where(each => each != StackCapabilities.None && Stack?.Capabilities.HasFlag(each) == true).Select(WordOf),
        ]));

    /// <summary>The stack's own connection, while there is one.</summary>
    internal IGroupConnection? Shared => _shared;

    /// <summary>Takes another stack, for the next to connect.</summary>
    /// <param name="stack">Not connected yet; or the one that it is already.</param>
    /// <exception cref="LockRefusedException">The present one is in use; the message names both, and the groups.</exception>
    public Task SelectAsync(IClusterStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        return ChangeAsync(() =>
        {
            if (ReferenceEquals(stack, _stack)) return ValueTask.CompletedTask;
            if (Groups is { Count: > 0 } groups)
            {
                throw Refused(
                    $"The stack '{stack.Name}'", $"'{_stack!.Name}' is in use by {string.Join(", ", groups)}; a stack can be exchanged when all groups have been disconnected and hung up");
            }

            Volatile.Write(ref _stack, stack);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>Connects to a group. Its callbacks come from now on, what others have been told already first of all.</summary>
    /// <param name="group">Its name: 1 to 64 of <c>A-Za-z0-9._-</c>.</param>
    /// <param name="protocol">Whom to tell, and which versions it speaks.</param>
    /// <param name="expectedStack">The stack that there has to be, such as <c>corosync</c>; null: whichever there is.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <exception cref="LockRefusedException">
    /// There is another stack, the group is connected already, or another group has connected with other versions; the message names what there is and what was asked.
    /// </exception>
    /// <exception cref="ArgumentException">It is no name.</exception>
    public async ValueTask<GroupConnection> ConnectAsync(
        string group, LockingProtocol protocol, string? expectedStack = null, CancellationToken cancellationToken = default)
    {
        SystemName.ThrowIfInvalid(group, "group name", nameof(group));
        ArgumentNullException.ThrowIfNull(protocol);
        await _change.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            IClusterStack stack = Admit(group, protocol, expectedStack);
            var connection = new GroupConnection(this, group, protocol);
            if (_shared is { } shared)
            {
                Pin(connection);
                _relay!.Add(connection);
                if (shared.SafeUntil != TimeSpan.MaxValue) connection.Extend(shared.SafeUntil);
                return connection;
            }

            // Told from here on, possibly before the stack has returned.
            var relay = new GroupRelay();
            relay.Add(connection);
            _shared = await stack.ConnectAsync(new LockingProtocol(relay, protocol.Versions), cancellationToken).ConfigureAwait(false);
            _relay = relay;
            Pin(connection);
            return connection;
        }
        finally
        {
            _change.Release();
        }
    }

    /// <summary>
    /// Gives a group up, after it was disconnected; the last one closes the stack's connection. It need never have come so far as to be in a view. Of a group that is not
    /// known there is nothing to give up.
    /// </summary>
    /// <param name="group">Its name.</param>
    /// <exception cref="LockRefusedException">It is connected.</exception>
    public Task HangUpAsync(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return ChangeAsync(() =>
        {
            if (Find(group) is not { } connection) return ValueTask.CompletedTask;
            return connection.IsConnected ? throw Refused($"To hang up group {group}", "it is connected; disconnect it first") : UnpinAsync(connection);
        });
    }

    /// <summary>Disconnects all groups and hangs them up.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string group in Groups)
        {
            if (Find(group) is { } connection) await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal Task DisconnectAsync(GroupConnection connection) => ChangeAsync(() =>
    {
        _relay?.Remove(connection, "this node closed the connection");
        return ValueTask.CompletedTask;
    });

    /// <summary>A connection that is not the group's any more has nothing to give up.</summary>
    internal Task HangUpAsync(GroupConnection connection) =>
        ChangeAsync(() => Find(connection.Group) == connection ? UnpinAsync(connection) : ValueTask.CompletedTask);

    /// <summary>One change at a time.</summary>
    private async Task ChangeAsync(Func<ValueTask> change)
    {
        await _change.WaitAsync().ConfigureAwait(false);
        try
        {
            await change().ConfigureAwait(false);
        }
        finally
        {
            _change.Release();
        }
    }

    private IClusterStack Admit(string group, LockingProtocol protocol, string? expectedStack)
    {
        string what = $"The connection to group {group}";
        if (_stack is not { } stack) throw Refused(what, "no stack is selected");
        if (expectedStack is not null && expectedStack != stack.Name)
            throw Refused(what, $"it expects the stack '{expectedStack}', and this node runs '{stack.Name}'; select that one, or leave the stack open");
        lock (_groups)
        {
            if (_groups.GetValueOrDefault(group) is { IsConnected: true }) throw Refused(what, "it is connected already");
        }

        if (_shared is { } shared && shared.Self.Protocol != protocol.Versions)
        {
            throw Refused(
                what,
                $"it offers version {protocol.Versions} of the lock protocol, and the connection, which it would share with {string.Join(", ", Groups)}, was made with {shared.Self.Protocol}; all groups of a node offer the same");
        }

        return stack;
    }

    private GroupConnection? Find(string group)
    {
        lock (_groups) return _groups.GetValueOrDefault(group);
    }

    private void Pin(GroupConnection connection)
    {
        lock (_groups) _groups[connection.Group] = connection;
    }

    private async ValueTask UnpinAsync(GroupConnection connection)
    {
        lock (_groups)
        {
            _groups.Remove(connection.Group);
            if (_groups.Count > 0) return;
        }

        if (_shared is not { } shared) return;
        await shared.DisposeAsync().ConfigureAwait(false);
        _shared = null;
        _relay = null;
        Volatile.Write(ref _stack, null);
    }

    /// <summary>As words are written: <c>FailureDetection</c> is <c>failure-detection</c>.</summary>
    private static string WordOf(StackCapabilities capability)
    {
        var word = new StringBuilder();
        foreach (char letter in capability.ToString())
        {
            if (char.IsUpper(letter) && word.Length > 0) word.Append('-');
            word.Append(char.ToLowerInvariant(letter));
        }

        return word.ToString();
    }

    private static LockRefusedException Refused(string what, string why) => new(RefusalReason.BadRequest, what, why);
}
