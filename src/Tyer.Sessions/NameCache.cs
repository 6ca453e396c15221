using Tyer.Hashing;

namespace Tyer.Sessions;

/// <summary>
/// Names that were used lately, so that one which comes again as bytes makes no new object. Of names that meet in a place the later stays.
/// One caller at a time.
/// </summary>
internal sealed class NameCache
{
    private const int Places = 1024;

    private readonly ResourceName[] _names = new ResourceName[Places];

    /// <summary>The name that these bytes are; they have been checked.</summary>
    internal ResourceName Of(ReadOnlySpan<byte> bytes)
    {
        var hash = XxHash64.Hash(bytes);
        ref var place = ref _names[(int)(hash % Places)];
        if (place.Hash != hash || !place.Equals(bytes))
            place = new ResourceName(bytes);
        return place;
    }
}
