namespace Tyer;

/// <summary>
/// Asks for resources. What is not set does not narrow the answer; a resource must meet everything that is. Answers come in the order of
/// the names' bytes, a page at a time: ask again with <see cref="After"/> = the last name of the page.
/// </summary>
public sealed record ResourceQuery
{
    /// <summary>Resources on a page where the query does not say otherwise.</summary>
    public const int CountDefault = 1000;

    /// <summary>Resources on a page, at most: a page must not hold up the node that answers.</summary>
    public const int CountMax = 10_000;

    /// <summary>Only this resource.</summary>
    public ResourceName? Resource { get; init; }

    /// <summary>Only resources whose names begin with these bytes.</summary>
    public ResourceName? Prefix { get; init; }

    /// <summary>Only the resource of this lock.</summary>
    public LockId? Lock { get; init; }

    /// <summary>Only resources for which somebody waits.</summary>
    public bool ContendedOnly { get; init; }

    /// <summary>Only resources with a lock that its owner left when it died (<see cref="LockOptions.Persistent"/>).</summary>
    public bool OrphansOnly { get; init; }

    /// <summary>Only resources with a lock that is granted in, or waits for, this mode.</summary>
    public LockMode? Mode { get; init; }

    /// <summary>Only resources with a lock of this owner: its label, process name, host, user or node, or its process id.</summary>
    public string? Owner { get; init; }

    /// <summary>Only resources with a lock that has been held, or has waited, for at least so long.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>Only resources after this one: the last name of the page before.</summary>
    public ResourceName? After { get; init; }

    /// <summary>Resources on the page, 1 to 10,000.</summary>
    public int Count { get; init; } = CountDefault;

    /// <summary>Returns when the query makes sense.</summary>
    /// <exception cref="ArgumentException">A part is out of its range; the message names it.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Count, CountMax);
        if (Mode is { } mode && !LockModes.IsDefined(mode))
            throw new ArgumentOutOfRangeException(nameof(Mode), mode, "A lock mode is 0 (NL) to 5 (EX).");
        if (OlderThan < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(OlderThan), OlderThan, "An age is not negative.");
        if (Resource is { IsDefault: true }) throw new ArgumentException("The resource to look for has no name.", nameof(Resource));
        if (Prefix is { IsDefault: true }) throw new ArgumentException("The prefix to look for is empty; leave it out.", nameof(Prefix));
    }

    /// <summary>Whether a name is one that the query asks for. Cheap: whoever answers tries this before it makes a snapshot.</summary>
    public bool Matches(ResourceName name) =>
        (Resource is not { } only || name == only)
        && (After is not { } after || name > after)
        && (Prefix is not { } prefix || StartsWith(name, prefix));

    /// <summary>Whether a resource is one that the query asks for.</summary>
    public bool Matches(ResourceSnapshot snapshot)
    {
        if (!Matches(snapshot.Resource) || (ContendedOnly && !snapshot.IsContended)) return false;
        if (Lock is null && Mode is null && Owner is null && OlderThan is null && !OrphansOnly) return true;
        // One lock must meet all that is asked of locks: "EX locks of web older than an hour" is about one lock.
        return snapshot.Locks.Any(Matches);
    }

    private bool Matches(LockEntry entry) =>
        (Lock is not { } id || entry.Id == id)
        && (!OrphansOnly || entry.IsOrphan)
        && (Mode is not { } mode || entry.Granted == mode || entry.Requested == mode)
        && (Owner is null || IsOwnedBy(entry.Owner, Owner))
        && (OlderThan is not { } age || entry.HeldFor >= age || entry.WaitedFor >= age);

    private static bool IsOwnedBy(LockOwner owner, string text) =>
        owner.Label == text || owner.ProcessName == text || owner.Host == text || owner.User == text || owner.Node == text
        || (int.TryParse(text, out int processId) && owner.ProcessId == processId);

    private static bool StartsWith(ResourceName name, ResourceName prefix)
    {
        Span<byte> bytes = stackalloc byte[Limits.ResourceNameBytesMax];
        Span<byte> beginning = stackalloc byte[Limits.ResourceNameBytesMax];
        name.TryWriteBytes(bytes, out int length);
        prefix.TryWriteBytes(beginning, out int beginningLength);
        return bytes[..length].StartsWith(beginning[..beginningLength]);
    }
}
