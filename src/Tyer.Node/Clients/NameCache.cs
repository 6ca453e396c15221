using Tyer.Hashing;

namespace Tyer.Node.Clients;

/// <summary>
/// The names that one client used last, so that one it uses again makes no new object. Of names that meet in a place the later stays: it is a
/// cache, and small enough for ten thousand clients. Used by the connection's reader alone.
/// </summary>
internal sealed class NameCache
{
    private const int PlacesFirst = 16;
    private const int PlacesMax = 1024;

    private ResourceName[] _places = [];
    private int _misses;

    internal ResourceName Of(ReadOnlySpan<byte> bytes)
    {
        var hash = XxHash64.Hash(bytes);
        if (_places.Length > 0)
        {
            ref readonly var place = ref _places[(int)(hash & (uint)(_places.Length - 1))];
            if (place.Hash == hash && place.Equals(bytes))
                return place;
        }

        return Add(bytes, hash);
    }

    private ResourceName Add(ReadOnlySpan<byte> bytes, ulong hash)
    {
        // Whoever keeps missing uses more names than there are places.
        if (++_misses > 2 * _places.Length && _places.Length < PlacesMax)
        {
            _places = new ResourceName[Math.Max(PlacesFirst, 4 * _places.Length)];
            _misses = 0;
        }

        return _places[(int)(hash & (uint)(_places.Length - 1))] = new ResourceName(bytes);
    }
}
