using Tyer.Comms.Links;

namespace Tyer.Comms.Security;

/// <summary>
/// Which refusals are told one by one. The first of a kind from an address is told at once, more of them once a minute with their number; and of
/// many addresses at once, most are told together. So an attack is seen, and does not fill the disk. Pure; one call at a time.
/// </summary>
internal sealed class RefusalLog
{
    private static readonly (RefusalCode, string) Elsewhere = (RefusalCode.None, "");

    private readonly Dictionary<(RefusalCode Code, string Address), (TimeSpan ToldAt, long Untold)> _kinds = [];

    /// <summary>Kinds that are remembered.</summary>
    public int Count => _kinds.Count;

    /// <summary>Whether to tell a refusal; if so, how many were not told since the last one.</summary>
    public bool IsToTell(RefusalCode code, string address, TimeSpan now, out long untold)
    {
        (RefusalCode, string) kind = (code, address);
        if (!_kinds.ContainsKey(kind) && _kinds.Count >= CommsLimits.RefusalKindsMax)
        {
            Forget(now);
            if (_kinds.Count >= CommsLimits.RefusalKindsMax) kind = Elsewhere;
        }

        untold = 0;
        if (_kinds.TryGetValue(kind, out (TimeSpan ToldAt, long Untold) known))
        {
            if (now - known.ToldAt < CommsLimits.RefusalInterval)
            {
                _kinds[kind] = known with { Untold = known.Untold + 1 };
                return false;
            }

            untold = known.Untold;
        }

        _kinds[kind] = (now, 0);
        return true;
    }

    private void Forget(TimeSpan now)
    {
        foreach ((var kind, (TimeSpan toldAt, _)) in _kinds)
        {
            if (now - toldAt >= CommsLimits.RefusalInterval) _kinds.Remove(kind);
        }
    }
}
