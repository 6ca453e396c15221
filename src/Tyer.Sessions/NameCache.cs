using Tyer.Hashing;

namespace Tyer.Sessions;

/// <summary>
/// Names that one session used lately, so that one which comes again as bytes makes no new object. Of names that meet in a place the later
/// stays: it is a cache, and small enough for a node with ten thousand clients; it grows for those who use many names. One caller at a time.
/// </summary>
public sealed class NameCache
{
    private const int PlacesFirst = 16;
    private const int PlacesMax = 1024;

    private ResourceName[] _places = [];
    private int _misses;

    /// <summary>The name that these bytes are.</summary>
    /// <param name="bytes">They have been checked: 1 to 64, the last not NUL.</param>
    public ResourceName Of(ReadOnlySpan<byte> bytes)
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
