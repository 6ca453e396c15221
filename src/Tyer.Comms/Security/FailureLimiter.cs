using System.Net;
using System.Net.Sockets;

namespace Tyer.Comms.Security;

/// <summary>
/// Who has failed to prove itself too often waits outside: each address may fail a few times, and then again as often as time passes. Its
/// memory is bounded: where too many addresses fail, the one that has been quiet for longest is forgotten. This limits who knocks;
/// connections that this node dials, even to the same address, are no affair of it. Pure; one call at a time.
/// </summary>
internal sealed class FailureLimiter
{
    private readonly Dictionary<IPAddress, TimeSpan> _freeAt = [];

    /// <summary>Addresses that are remembered.</summary>
    public int Count => _freeAt.Count;

    /// <summary>The addresses that are counted as one: a single one of version 4, the network of one of version 6.</summary>
    public static IPAddress GroupOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Whether nobody at this address is heard at present.</summary>
    public bool IsShut(IPAddress address, TimeSpan now) =>
        _freeAt.TryGetValue(GroupOf(address), out TimeSpan freeAt)
        && freeAt - now > (CommsLimits.AddressFailuresMax - 1) * CommsLimits.AddressFailureInterval;

    /// <summary>Somebody at this address has failed.</summary>
    public void Failed(IPAddress address, TimeSpan now)
    {
        address = GroupOf(address);

        // The moment at which all is forgiven moves on by an interval with each failure: a bucket that leaks.
        TimeSpan freeAt = _freeAt.TryGetValue(address, out TimeSpan before) && before > now ? before : now;
        if (!_freeAt.ContainsKey(address) && _freeAt.Count == CommsLimits.FailedAddressesMax) _freeAt.Remove(_freeAt.MinBy(entry => entry.Value).Key);
        TimeSpan ceiling = now + (CommsLimits.AddressFailuresMax * CommsLimits.AddressFailureInterval);
        freeAt += CommsLimits.AddressFailureInterval;
        _freeAt[address] = freeAt < ceiling ? freeAt : ceiling;
    }
}
