using System.Globalization;
using System.Text;
using Tyer.Engine;
using Tyer.Hashing;
using Tyer.Node.Shards;

namespace Tyer.Node.Lockspaces;

/// <summary>
/// The lockspaces open on this node. What the nodes must agree on about one (its options) is agreed by the lock manager's own means: each
/// lockspace has a record, a resource of the system lockspace, on which every node that has it open holds a PR lock; whoever comes
/// first takes it in EX and writes the options as its value. So a lockspace is there as long as somebody has it open, without a registry to
/// administer, and recovery is that of any lock.
/// </summary>
#pragma warning disable CA1001 // The gate has no handle that could leak, and a lockspace may be closed after its node.
internal sealed class LockspaceRegistry(ShardSet shards, Func<OpenedLockspace, ILockspace> openOwn)
#pragma warning restore CA1001
{
    /// <summary>The number of the system lockspace; no name hashes to it.</summary>
    internal const uint SystemId = 0;

    // No name begins so.
    private const char UnnamedMark = '#';

    private readonly Dictionary<uint, OpenedLockspace> _opened = [];

    // Also those that nobody here has open any more: what they left behind (orphans, locks of other nodes mastered here) has to have a name.
    private readonly Dictionary<uint, OpenedLockspace> _known = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ILockspace? _records;

    /// <summary>Those open now, by name.</summary>
    internal IReadOnlyList<OpenedLockspace> Opened
    {
        get
        {
            lock (_opened)
                return [.. _opened.Values.OrderBy(each => each.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>The name of a lockspace that is or was open here; empty for the node's own.</summary>
    internal string NameOf(uint id) => Find(id)?.Name ?? "";

    /// <summary>A lockspace that is or was open here; null: there has been none of this id.</summary>
    internal OpenedLockspace? Find(uint id)
    {
        lock (_opened)
            return _known.GetValueOrDefault(id);
    }

    /// <summary>Makes the system lockspace usable; no name can open it.</summary>
    internal void Start()
    {
        var options = new LockspaceOptions { ValueSize = LockspaceRecord.Size };
        shards.OpenLockspace(SystemId, SettingsOf(options));
        _records = openOwn(new OpenedLockspace("", SystemId, options));
    }

    /// <summary>Opens a lockspace, or joins it if it is open; null options: whatever the first opener said.</summary>
    internal async ValueTask<OpenedLockspace> OpenAsync(string name, LockspaceOptions? options, CancellationToken cancellationToken)
    {
        SystemName.ThrowIfInvalid(name, "lockspace name");
        options?.Validate();
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var id = IdOf(name);
            OpenedLockspace? opened;
            lock (_opened)
                opened = _opened.GetValueOrDefault(id);
            if (opened is null)
            {
                if (Opened.Count >= NodeLimits.LockspacesMax)
                    throw new LockRefusedException(
                        RefusalReason.LimitReached, $"Opening lockspace '{name}'", $"this node has {NodeLimits.LockspacesMax} lockspaces open, as many as it may");
                opened = await AgreeAsync(name, id, options ?? new LockspaceOptions(), cancellationToken).ConfigureAwait(false);
                shards.OpenLockspace(id, SettingsOf(opened.Options));
                lock (_opened)
                {
                    _opened.Add(id, opened);
                    _known[id] = opened;
                }
            }

            try
            {
                Compare(name, options, opened.Name, opened.Options);
            }
            catch when (opened.Users == 0)
            {
                Forget(opened);
                throw;
            }

            opened.Users++;
            return opened;
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async ValueTask CloseAsync(OpenedLockspace opened)
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (--opened.Users == 0)
                Forget(opened);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>What a lockspace is called where nobody here has ever had it open: nodes master, and keep, locks of such, too.</summary>
    internal static string Unnamed(uint id) => string.Create(CultureInfo.InvariantCulture, $"{UnnamedMark}{id:x8}");

    /// <summary>The number of a lockspace without a name; null: this is a name.</summary>
    internal static uint? UnnamedId(string text) =>
        text.StartsWith(UnnamedMark) && uint.TryParse(text.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>The number of a lockspace, which all nodes agree on.</summary>
    internal static uint IdOf(string name)
    {
        var half = (uint)XxHash64.Hash(Encoding.UTF8.GetBytes(name));
        return half == SystemId ? 1 : half;
    }

    private static LockspaceSettings SettingsOf(LockspaceOptions options) =>
        new(options.ValueSize, options.QueueLengthMax, options.LocksPerSessionMax);

    private static void Compare(string name, LockspaceOptions? wanted, string foundName, LockspaceOptions found)
    {
        if (foundName != name)
        {
            throw new LockRefusedException(
                RefusalReason.BadName, $"Opening lockspace '{name}'", $"its name has the same hash as that of '{foundName}', which is open: choose another name");
        }

        if (wanted is not null && wanted != found)
        {
            throw new LockRefusedException(
                RefusalReason.OptionsDiffer, $"Opening lockspace '{name}'", $"it is open with {found}, asked for was {wanted}; the first opener decides");
        }
    }

    /// <summary>Takes the record of a lockspace: the first writes what it wants, the others read what it wrote.</summary>
    private async ValueTask<OpenedLockspace> AgreeAsync(string name, uint id, LockspaceOptions options, CancellationToken cancellationToken)
    {
        var resource = new ResourceName(id.ToString("x8", CultureInfo.InvariantCulture));
        while (true)
        {
            var first = await TryBeFirstAsync(resource, cancellationToken).ConfigureAwait(false);
            if (first is not null)
            {
                first.SetValue(LockspaceRecord.Encode(name, options));
                await first.ConvertAsync(LockMode.ProtectedRead, CancellationToken.None).ConfigureAwait(false);
                return new OpenedLockspace(name, id, options) { Record = first };
            }

            var later = await _records!.LockAsync(resource, LockMode.ProtectedRead, cancellationToken).ConfigureAwait(false);
            if (later.Value.State == LockValueState.Valid && LockspaceRecord.TryDecode(later.Value.Bytes.Span, out var foundName, out var found))
                return new OpenedLockspace(foundName, id, found) { Record = later };

            // Whoever was first has gone without writing: be first.
            await later.ReleaseAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<LockHandle?> TryBeFirstAsync(ResourceName record, CancellationToken cancellationToken)
    {
        try
        {
            return await _records!.TryLockAsync(record, LockMode.Exclusive, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (LockUnavailableException)
        {
            // Nobody decides just now. Opening waits until somebody does, as it waits for whoever is first.
            return null;
        }
    }

    private void Forget(OpenedLockspace opened)
    {
        lock (_opened)
            _opened.Remove(opened.Id);
        opened.Record?.Dispose();
    }
}
