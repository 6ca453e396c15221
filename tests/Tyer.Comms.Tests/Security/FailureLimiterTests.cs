using System.Net;
using Tyer.Comms.Security;

namespace Tyer.Comms.Tests.Security;

public class FailureLimiterTests
{
    private static readonly IPAddress Attacker = IPAddress.Parse("10.0.0.9");
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    private readonly FailureLimiter _limiter = new();

    [Fact]
    public void An_address_may_fail_a_few_times_and_is_then_heard_again_as_time_passes()
    {
        for (int i = 0; i < CommsLimits.AddressFailuresMax; i++)
        {
            Assert.False(_limiter.IsShut(Attacker, Now));
            _limiter.Failed(Attacker, Now);
        }

        Assert.True(_limiter.IsShut(Attacker, Now));
        Assert.False(_limiter.IsShut(Attacker, Now + CommsLimits.AddressFailureInterval));

        // One attempt for each interval from then on.
        _limiter.Failed(Attacker, Now + CommsLimits.AddressFailureInterval);
        Assert.True(_limiter.IsShut(Attacker, Now + CommsLimits.AddressFailureInterval));
        Assert.False(_limiter.IsShut(Attacker, Now + (2 * CommsLimits.AddressFailureInterval)));
    }

    [Fact]
    public void However_often_somebody_fails_he_is_heard_again_after_an_interval()
    {
        for (int i = 0; i < 10_000; i++) _limiter.Failed(Attacker, Now);
        Assert.False(_limiter.IsShut(Attacker, Now + CommsLimits.AddressFailureInterval));
    }

    [Fact]
    public void Others_are_not_concerned()
    {
        for (int i = 0; i < 100; i++) _limiter.Failed(Attacker, Now);
        Assert.False(_limiter.IsShut(IPAddress.Parse("10.0.0.8"), Now));
    }

    [Fact]
    public void A_network_of_version_6_is_one_address_and_a_mapped_one_is_that_of_version_4()
    {
        for (int i = 0; i < 100; i++) _limiter.Failed(IPAddress.Parse($"2001:db8::{i:x}"), Now);
        Assert.Equal(1, _limiter.Count);
        Assert.True(_limiter.IsShut(IPAddress.Parse("2001:db8::ffff:1"), Now));
        Assert.False(_limiter.IsShut(IPAddress.Parse("2001:db8:0:1::1"), Now));
        Assert.Equal(Attacker, FailureLimiter.GroupOf(IPAddress.Parse("::ffff:10.0.0.9")));
    }

    [Fact]
    public void Memory_is_bounded_and_the_worst_are_remembered()
    {
        for (int i = 0; i < 100; i++) _limiter.Failed(Attacker, Now);
        for (uint i = 0; i < 5_000; i++) _limiter.Failed(new IPAddress(0x0B000000 + i), Now);
        Assert.Equal(CommsLimits.FailedAddressesMax, _limiter.Count);
        Assert.True(_limiter.IsShut(Attacker, Now));
    }
}
