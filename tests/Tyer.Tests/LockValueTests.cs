namespace Tyer.Tests;

public class LockValueTests
{
    [Fact]
    public void A_value_that_nobody_filled_in_was_never_written()
    {
        Assert.Equal(LockValueState.NeverWritten, default(LockValue).State);
        Assert.Equal("never written", default(LockValue).ToString());
    }

    [Fact]
    public void Values_are_equal_by_their_bytes()
    {
        var one = new LockValue(new byte[] { 1, 2 }, LockValueState.Valid, 3);
        var same = new LockValue(new byte[] { 0, 1, 2 }.AsMemory(1), LockValueState.Valid, 3);
        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, one with { Bytes = new byte[] { 1, 3 } });
        Assert.NotEqual(one, one with { State = LockValueState.Invalid });
        Assert.NotEqual(one, one with { Version = 4 });
    }

    [Fact]
    public void It_prints_state_version_and_bytes()
    {
        Assert.Equal("valid v3 01ff", new LockValue(new byte[] { 1, 255 }, LockValueState.Valid, 3).ToString());
        Assert.Equal("invalid v4 01", new LockValue(new byte[] { 1 }, LockValueState.Invalid, 4).ToString());
    }
}
