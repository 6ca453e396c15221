using System.Net;
using Tyer.Comms.Links;

namespace Tyer.Comms.Security;

/// <summary>Counts who was refused and why, says which refusals are to be told, and who is not heard for a while because of them.</summary>
internal sealed class Doorkeeper
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RefusalCode, long> _refusals = [];
    private readonly FailureLimiter _limiter = new();
    private readonly RefusalLog _log = new();

    /// <summary>How many were refused, by code.</summary>
    public IReadOnlyDictionary<RefusalCode, long> Refusals
    {
        get
        {
            lock (_gate) return new Dictionary<RefusalCode, long>(_refusals);
        }
    }

    /// <summary>How many were refused.</summary>
    public long Refused
    {
        get
        {
            lock (_gate) return _refusals.Values.Sum();
        }
    }

    /// <summary>Whether those at an address have failed to prove who they are too often, and are to be refused unheard. A Unix socket is not limited: its file says who may connect.</summary>
    public bool IsShut(IPAddress? address, TimeSpan now)
    {
        if (address is null) return false;
        lock (_gate) return _limiter.IsShut(address, now);
    }

    /// <summary>Somebody was refused.</summary>
    /// <param name="code">Why.</param>
    /// <param name="address">Where from; null where that does not count: over a Unix socket, or when this node had dialled.</param>
    /// <param name="whence">Where from, for telling: refusals from there with the same code are of one kind.</param>
    /// <param name="now">The time.</param>
    /// <param name="untold">If it is to be told: how many of its kind were not, since the last one.</param>
    /// <returns>Whether it is to be told.</returns>
    public bool OnRefused(RefusalCode code, IPAddress? address, string whence, TimeSpan now, out long untold)
    {
        lock (_gate)
        {
            _refusals[code] = _refusals.GetValueOrDefault(code) + 1;
            if (address is not null && RefusalCodes.IsFailedProof(code)) _limiter.Failed(address, now);
            return _log.IsToTell(code, whence, now, out untold);
        }
    }
}
