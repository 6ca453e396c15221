using Tyer.Comms.Links;
using Tyer.Comms.Security;

namespace Tyer.Comms.Tests.Security;

public class RefusalLogTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    private readonly RefusalLog _log = new();

    [Fact]
    public void The_first_is_told_at_once_and_more_of_its_kind_once_a_minute_with_their_number()
    {
        Assert.True(_log.IsToTell(RefusalCode.WrongProof, "a", Now, out long untold));
        Assert.Equal(0, untold);
        for (int i = 1; i <= 500; i++) Assert.False(_log.IsToTell(RefusalCode.WrongProof, "a", Now + TimeSpan.FromMilliseconds(i), out _));

        Assert.True(_log.IsToTell(RefusalCode.WrongProof, "a", Now + CommsLimits.RefusalInterval, out untold));
        Assert.Equal(500, untold);
    }

    [Fact]
    public void Another_reason_and_another_address_are_told_at_once()
    {
        Assert.True(_log.IsToTell(RefusalCode.WrongProof, "a", Now, out _));
        Assert.True(_log.IsToTell(RefusalCode.UnknownKey, "a", Now, out _));
        Assert.True(_log.IsToTell(RefusalCode.WrongProof, "b", Now, out _));
    }

    [Fact]
    public void Of_very_many_addresses_most_are_told_together()
    {
        int told = 0;
        for (int i = 0; i < 100_000; i++)
        {
            if (_log.IsToTell(RefusalCode.WrongProof, $"{i}", Now, out _)) told++;
        }

        Assert.Equal(CommsLimits.RefusalKindsMax + 1, told);
        Assert.True(_log.Count <= CommsLimits.RefusalKindsMax + 1);

        Assert.True(_log.IsToTell(RefusalCode.WrongProof, "new", Now + CommsLimits.RefusalInterval, out _));
        Assert.True(_log.Count <= 2);
    }
}
