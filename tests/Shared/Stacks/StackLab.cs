using Tyer.Cluster;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>A cluster of one kind of stack, made for one test: nodes 1 to <see cref="Size"/>, each of which can be started again and again.</summary>
internal abstract class StackLab : IAsyncDisposable
{
    private readonly List<RecordedMember> _running = [];

    internal virtual StackHistory History { get; } = new();

    /// <summary>How many nodes are configured.</summary>
    internal abstract int Size { get; }

    /// <summary>Starts a node that does not run.</summary>
    /// <param name="node">Which.</param>
    /// <param name="versions">The versions of the lock protocol that its build speaks; null: of this build.</param>
    internal async Task<RecordedMember> StartAsync(uint node, ProtocolRange? versions = null)
    {
        RecordedMember member = Create(node);
        member.Versions = versions ?? ProtocolRange.Offered;
        _running.Add(member);
        await member.ConnectAsync();
        await AfterStartAsync();
        return member;
    }

    internal async Task<RecordedMember[]> StartAllAsync()
    {
        var members = new RecordedMember[Size];
        for (uint node = 1; node <= Size; node++) members[node - 1] = await StartAsync(node);
        return members;
    }

    /// <summary>Ends a life; without <see cref="RecordedMember.LeaveAsync"/> before it, as one that broke off.</summary>
    internal async Task StopAsync(RecordedMember member)
    {
        _running.Remove(member);
        await member.DisposeAsync();
        await AfterStartAsync();
    }

    /// <summary>
    /// Until all nodes operate together. A real engine may fall apart once more while it comes together again: whoever it puts out then comes back as another life,
    /// as a daemon does.
    /// </summary>
    internal async Task UntilAllOperateAsync()
    {
        while (true)
        {
            await History.UntilAsync(() => IsAnybodyOut || AllOperate, "all operate together");
            if (!IsAnybodyOut) return;
            foreach (RecordedMember member in _running.Where(member => member.State == StackState.Expelled).ToArray())
            {
                await StopAsync(member);
                await StartAsync(member.Self.Node.Value);
            }
        }
    }

    internal uint[] All => [.. Enumerable.Range(1, Size).Select(node => (uint)node)];

    public virtual async ValueTask DisposeAsync()
    {
        foreach (RecordedMember member in _running) await member.DisposeAsync();
        History.Check();
    }

    /// <summary>A new life of a node, not connected yet.</summary>
    protected abstract RecordedMember Create(uint node);

    /// <summary>For stacks that are told by somebody who is a member.</summary>
    protected virtual Task AfterStartAsync() => Task.CompletedTask;

    internal IReadOnlyList<RecordedMember> Running => _running;

    private bool IsAnybodyOut => _running.Exists(member => member.State == StackState.Expelled);

    private bool AllOperate => _running.TrueForAll(member =>
        member.State == StackState.Operating && member.Views[^1].Members.Select(each => each.Id.Value).SequenceEqual(All));
}

/// <summary>A cluster whose stack notices failures; its network can be cut.</summary>
internal abstract class LeasedLab : StackLab
{
    /// <summary>How long a lease lasts there.</summary>
    internal abstract TimeSpan Lease { get; }

    /// <summary>Cuts a node off from its peers and from its engine: nothing it says is heard, and it hears nothing.</summary>
    internal abstract void Cut(uint node);

    /// <summary>Cuts a node off from its peers alone; its engine goes on.</summary>
    internal abstract void CutPeers(uint node);

    internal abstract void Heal(uint node);
}
