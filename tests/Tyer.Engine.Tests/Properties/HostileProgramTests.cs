using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Engine.Tests.Properties;

/// <summary>What may come in from a node that does not keep to the protocol, by fault or by will.</summary>
public sealed class HostileProgramTests
{
    private const int Programs = 50;
    private const int StepsMax = 60;

    [Fact]
    public void A_stranger_breaks_nothing_of_others()
    {
        var taken = 0;
        Prop.ForAll(HostileProgram.Arbitrary(StepsMax), program => { taken += HostileRun.Check(program); })
            .Check(LockProgramTests.ConfigFor(seed: 5, Programs));

        // Messages that are all refused at the door would prove little.
        Assert.True(taken > Programs, $"Only {taken} of the stranger's messages were taken at all.");
    }
}
