using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Fakes;

/// <summary>Owners, locks and resources to tell stories with.</summary>
internal static class Sample
{
    public static LockOwner Owner(string process, int pid, string? label = null, string host = "db1", string node = "n1", bool verified = true) =>
        new(node, host, pid, process, "app", label, verified);

    public static LockEntry Held(string resource, ulong id, LockMode mode, LockOwner owner, double seconds = 12.3) => new()
    {
        Resource = resource,
        Id = new LockId(0x40000000000000 + id),
        Owner = owner,
        Granted = mode,
        HeldFor = TimeSpan.FromSeconds(seconds),
        Token = new FencingToken(7, 1000 + id),
    };

    public static LockEntry Waiting(string resource, ulong id, LockMode mode, LockOwner owner, double seconds = 3) => new()
    {
        Resource = resource,
        Id = new LockId(0x40000000000000 + id),
        Owner = owner,
        Requested = mode,
        WaitedFor = TimeSpan.FromSeconds(seconds),
    };

    public static LockEntry Converting(string resource, ulong id, LockMode from, LockMode to, LockOwner owner, double seconds = 3) =>
        Held(resource, id, from, owner) with { Requested = to, HeldFor = null, WaitedFor = TimeSpan.FromSeconds(seconds) };

    public static LockspaceResource Resource(string name, params LockEntry[] locks) => new("default", new ResourceSnapshot
    {
        Resource = name,
        Master = "n1",
        Directory = "n2",
        Granted = [.. locks.Where(each => each is { Granted: not null, Requested: null })],
        Converting = [.. locks.Where(each => each is { Granted: not null, Requested: not null })],
        Waiting = [.. locks.Where(each => each.Granted is null)],
    });
}
