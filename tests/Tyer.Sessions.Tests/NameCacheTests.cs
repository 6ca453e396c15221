using System.Text;

namespace Tyer.Sessions.Tests;

public class NameCacheTests
{
    [Fact]
    public void A_name_that_comes_again_costs_nothing()
    {
        var cache = new NameCache();
        byte[] bytes = "orders/42"u8.ToArray();
        var first = cache.Of(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var again = cache.Of(bytes);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(first, again);
    }

    [Fact]
    public void Names_that_meet_in_a_place_stay_apart()
    {
        var cache = new NameCache();
        for (var round = 0; round < 3; round++)
        {
            for (var number = 0; number < 5000; number++)
                Assert.Equal($"r{number}", cache.Of(Encoding.UTF8.GetBytes($"r{number}")).ToString());
        }
    }
}
