namespace Tyer.Tests;

public class RawFlagsTests
{
    /// <summary>The values of Linux's dlmconstants.h: programs written for libdlm pass them as numbers.</summary>
    [Theory]
    [InlineData(RawFlags.NoQueue, 0x1)]
    [InlineData(RawFlags.Cancel, 0x2)]
    [InlineData(RawFlags.Convert, 0x4)]
    [InlineData(RawFlags.ValBlk, 0x8)]
    [InlineData(RawFlags.QueCvt, 0x10)]
    [InlineData(RawFlags.IvValBlk, 0x20)]
    [InlineData(RawFlags.ConvDeadlk, 0x40)]
    [InlineData(RawFlags.Persistent, 0x80)]
    [InlineData(RawFlags.NoDlckWt, 0x100)]
    [InlineData(RawFlags.NoDlckBlk, 0x200)]
    [InlineData(RawFlags.Expedite, 0x400)]
    [InlineData(RawFlags.NoQueueBast, 0x800)]
    [InlineData(RawFlags.HeadQue, 0x1000)]
    [InlineData(RawFlags.NoOrder, 0x2000)]
    [InlineData(RawFlags.Orphan, 0x4000)]
    [InlineData(RawFlags.AltPr, 0x8000)]
    [InlineData(RawFlags.AltCw, 0x10000)]
    [InlineData(RawFlags.ForceUnlock, 0x20000)]
    [InlineData(RawFlags.Timeout, 0x40000)]
    public void Flags_have_the_fields_values(RawFlags flag, uint value) => Assert.Equal(value, (uint)flag);

    [Fact]
    public void Status_flags_have_the_fields_values()
    {
        Assert.Equal(1, (int)RawStatusFlags.Demoted);
        Assert.Equal(2, (int)RawStatusFlags.ValNotValid);
        Assert.Equal(4, (int)RawStatusFlags.AltMode);
    }

    [Fact]
    public void A_fresh_status_block_says_that_nothing_has_ended()
    {
        Assert.Equal(RawStatus.InProgress, new LockStatusBlock().Status);
        Assert.Equal(RawResult.Accepted, default);
    }

    [Fact]
    public void Callbacks_need_somebody_to_tell_the_end()
    {
        Assert.Equal("completed", Assert.Throws<ArgumentNullException>(() => new RawCallbacks(null!)).ParamName);
        Assert.Null(new RawCallbacks(_ => { }).Blocking);
    }
}
