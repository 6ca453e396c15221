using Tyer.Sessions.Wire;

namespace Tyer.Sessions.Tests.Wire;

/// <summary>Whatever a stranger sends is refused by name, without an exception and without reading beyond it.</summary>
public class MalformedMessageTests
{
    public static TheoryData<string> Names => [.. Sample.All.Select(each => each.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_good_message_has_no_fault(string name) => Assert.Equal(WireFault.None, Read(name, Of(name).Bytes));

    [Theory, MemberData(nameof(Names))]
    public void Every_truncation_is_refused(string name)
    {
        var sample = Of(name);
        for (var length = 0; length < sample.FixedBytes; length++)
            Assert.NotEqual(WireFault.None, sample.Read(sample.Bytes.AsSpan(0, length)));
    }

    [Theory, MemberData(nameof(Names))]
    public void What_follows_the_end_is_refused(string name)
    {
        var sample = Of(name);
        byte[] longer = [.. sample.Bytes.AsSpan(0, sample.FixedBytes), .. new byte[sample.RestMax], 0];
        Assert.Contains(sample.Read(longer), new[] { WireFault.TrailingBytes, WireFault.BadLength });
    }

    [Theory, MemberData(nameof(Names))]
    public void Another_kind_is_refused(string name)
    {
        var sample = Of(name);
        var other = sample.Bytes.ToArray();
        for (var kind = 0; kind <= 255; kind++)
        {
            if (kind == sample.Bytes[0])
                continue;
            other[0] = (byte)kind;
            Assert.Equal(WireFault.UnknownKind, sample.Read(other));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_flipped_bit_is_refused_or_read_within_the_limits(string name)
    {
        var sample = Of(name);
        for (var bit = 0; bit < sample.Bytes.Length * 8; bit++)
        {
            var flipped = sample.Bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            // Reads, or names a fault: what must not happen is an exception.
            Assert.True(Enum.IsDefined(sample.Read(flipped)));
        }
    }

    [Fact]
    public void Noise_is_refused()
    {
        var random = new Random(20260117);
        var message = new byte[256];
        for (var round = 0; round < 20_000; round++)
        {
            var noise = message.AsSpan(0, random.Next(message.Length));
            random.NextBytes(noise);
            foreach (var sample in Sample.All)
            {
                if (noise.Length > 0)
                    noise[0] = sample.Bytes[0];
                Assert.True(Enum.IsDefined(sample.Read(noise)));
            }
        }
    }

    [Fact]
    public void A_hello_of_another_protocol_is_told_apart()
    {
        var hello = Of("hello").Bytes.ToArray();
        hello[4] ^= 0xFF;
        Assert.Equal(WireFault.BadMagic, HelloMessage.TryRead(hello, out _));
    }

    [Fact]
    public void A_hello_of_a_later_version_is_read_as_far_as_its_versions()
    {
        var bytes = new byte[HelloMessage.BytesMax];
        var length = (Sample.Hello with { VersionMin = 7, VersionMax = 9 }).Write(bytes);
        Assert.Equal(WireFault.None, HelloMessage.TryRead([.. bytes.AsSpan(0, length), 1, 2, 3], out var hello));
        Assert.Equal(7, hello.VersionMin);
        Assert.Equal(9, hello.VersionMax);
        Assert.Null(hello.AgreedVersion);
        Assert.Null(hello.Host);
    }

    [Fact]
    public void A_label_that_would_write_on_a_terminal_is_refused()
    {
        var bytes = new byte[HelloMessage.BytesMax];
        var length = (Sample.Hello with { Label = "\u001b[2J" }).Write(bytes);
        Assert.Equal(WireFault.BadText, HelloMessage.TryRead(bytes.AsSpan(0, length), out _));
        length = new LockMessage { Key = 1, Operation = 1, Space = 1, Name = "r"u8, Purpose = "a\nb" }.Write(bytes);
        Assert.Equal(WireFault.BadText, LockMessage.TryRead(bytes.AsSpan(0, length), out _));
    }

    [Fact]
    public void A_name_is_1_to_64_bytes_and_does_not_end_in_nul()
    {
        Assert.Equal(WireFault.None, ReadLock(new string('x', 64)));
        Assert.Equal(WireFault.None, ReadLock("\0x"));
        Assert.Equal(WireFault.BadLength, ReadLock(new string('x', 65)));
        Assert.Equal(WireFault.BadLength, ReadLock(""));
        Assert.Equal(WireFault.BadText, ReadLock("x\0"));

        static WireFault ReadLock(string name)
        {
            var bytes = new byte[WireLimits.CallBytesMax];
            var length = new LockMessage { Name = System.Text.Encoding.ASCII.GetBytes(name) }.Write(bytes);
            return LockMessage.TryRead(bytes.AsSpan(0, length), out _);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(255)]
    public void A_mode_is_one_of_six(byte mode)
    {
        foreach (var name in (string[])["lock", "convert", "blocking"])
        {
            var message = Of(name).Bytes.ToArray();
            message[1] = mode;
            Assert.Equal(WireFault.BadNumber, Read(name, message));
        }
    }

    [Fact]
    public void A_flag_that_no_call_has_is_refused()
    {
        foreach (var name in (string[])["lock", "convert", "unlock"])
        {
            var message = Of(name).Bytes.ToArray();
            message[7] = 0x80;
            Assert.Equal(WireFault.ReservedBits, Read(name, message));
        }
    }

    [Fact]
    public void A_time_limit_is_positive()
    {
        foreach (var limit in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.MinValue])
        {
            var bytes = new byte[WireLimits.CallBytesMax];
            var length = new LockMessage { Name = "r"u8, Timeout = limit }.Write(bytes);
            Assert.Equal(WireFault.BadNumber, LockMessage.TryRead(bytes.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused()
    {
        var message = Of("open").Bytes.ToArray();
        message[^1] = 0xFF;
        Assert.Equal(WireFault.BadText, Read("open", message));
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut_between_characters()
    {
        var bytes = new byte[HelloMessage.BytesMax];
        var length = (Sample.Hello with { Host = new string('x', WireLimits.IdentityBytesMax - 1) + "ä" }).Write(bytes);
        Assert.Equal(WireFault.None, HelloMessage.TryRead(bytes.AsSpan(0, length), out var hello));
        Assert.Equal(new string('x', WireLimits.IdentityBytesMax - 1), hello.Host);
    }

    private static Sample Of(string name) => Sample.All.Single(each => each.Name == name);

    private static WireFault Read(string name, byte[] message) => Of(name).Read(message);
}
