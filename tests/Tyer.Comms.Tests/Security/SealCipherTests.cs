using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

public sealed class SealCipherTests : IDisposable
{
    private static readonly byte[] Key = new Dice(1).Bytes(32);

    private readonly List<SealCipher> _ciphers = [];

    public void Dispose() => _ciphers.ForEach(cipher => cipher.Dispose());

    [Fact]
    public void What_was_sealed_is_opened_in_order() => Seeds.ForEach(20, dice =>
    {
        (SealCipher seals, SealCipher opens) = Pair();
        for (int i = 0; i < 20; i++)
        {
            byte[] plain = dice.Bytes(dice.Between(1, i == 0 ? SealCipher.PlainBytesMax : 500));
            byte[] record = Seal(seals, plain);
            Assert.Equal(plain.Length + SealCipher.OverheadBytes, record.Length);
            Assert.Equal(plain, Open(opens, record));
        }
    });

    [Fact]
    public void The_same_words_are_never_sealed_the_same()
    {
        (SealCipher seals, _) = Pair();
        byte[] plain = new byte[100];
        Assert.Equal(50, Enumerable.Range(0, 50).Select(_ => Convert.ToHexString(Seal(seals, plain).AsSpan(16))).Distinct().Count());
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_noticed()
    {
        byte[] plain = new Dice(2).Bytes(40);
        int bits = (plain.Length + SealCipher.OverheadBytes) * 8;
        for (int bit = 0; bit < bits; bit++)
        {
            (SealCipher seals, SealCipher opens) = Pair();
            byte[] record = Seal(seals, plain);
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(Open(opens, record));
        }
    }

    [Fact]
    public void A_record_said_again_left_out_or_sent_back_is_noticed()
    {
        (SealCipher seals, SealCipher opens) = Pair();
        byte[] first = Seal(seals, [1]);
        byte[] second = Seal(seals, [2]);
        byte[] third = Seal(seals, [3]);

        Assert.Null(Open(opens, second));
        Assert.Equal([1], Open(opens, first));
        Assert.Null(Open(opens, first));
        Assert.Null(Open(opens, third));
        Assert.Equal([2], Open(opens, second));

        // Even with the same key for both directions.
        SealCipher other = New(HandshakeRole.Responder);
        Assert.Null(Open(other, first));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(SealCipher.PlainBytesMax + 1u)]
    [InlineData(uint.MaxValue)]
    public void A_length_that_cannot_be_is_refused_before_its_bytes_have_come(uint length)
    {
        byte[] header = new byte[SealCipher.HeaderBytes];
        BitConverter.TryWriteBytes(header, length);
        Assert.Equal(-1, New(HandshakeRole.Initiator).Measure(header));
    }

    [Fact]
    public void A_record_cut_anywhere_is_waited_for()
    {
        (SealCipher seals, SealCipher opens) = Pair();
        byte[] record = Seal(seals, new byte[10]);
        for (int cut = 0; cut < record.Length; cut++) Assert.Equal(0, opens.Measure(record.AsSpan(0, cut)));
        Assert.Equal(10, opens.Measure(record));
    }

    [Fact]
    public void Keys_change_on_both_sides_after_so_many_records()
    {
        (SealCipher seals, SealCipher opens) = (New(HandshakeRole.Initiator, 8), New(HandshakeRole.Initiator, 8));
        SealCipher neverChanges = New(HandshakeRole.Initiator);
        for (byte i = 0; i < 100; i++)
        {
            byte[] record = Seal(seals, [i]);
            byte[] underFirstKey = Seal(neverChanges, [i]);
            Assert.Equal(i < 8, record.AsSpan().SequenceEqual(underFirstKey));
            Assert.Equal(i, Assert.Single(Open(opens, record)!));
        }
    }

    [Fact]
    public void Nothing_is_allocated_per_record()
    {
        (SealCipher seals, SealCipher opens) = Pair();
        byte[] plain = new byte[64];
        byte[] record = new byte[plain.Length + SealCipher.OverheadBytes];
        Assert.Equal(0, Allocations.PerRound(1000, () =>
        {
            seals.Seal(plain, record);
            Assert.True(opens.TryOpen(record, plain));
        }));
    }

    private static byte[] Seal(SealCipher cipher, byte[] plain)
    {
        byte[] record = new byte[plain.Length + SealCipher.OverheadBytes];
        Assert.Equal(record.Length, cipher.Seal(plain, record));
        return record;
    }

    private static byte[]? Open(SealCipher cipher, byte[] record)
    {
        int length = cipher.Measure(record);
        if (length <= 0) return null;
        byte[] plain = new byte[length];
        return cipher.TryOpen(record, plain) ? plain : null;
    }

    private (SealCipher Seals, SealCipher Opens) Pair() => (New(HandshakeRole.Initiator), New(HandshakeRole.Initiator));

    private SealCipher New(HandshakeRole sender, ulong recordsPerKey = CommsLimits.RecordsPerKey)
    {
        var cipher = new SealCipher(sender, Key, recordsPerKey);
        _ciphers.Add(cipher);
        return cipher;
    }
}
