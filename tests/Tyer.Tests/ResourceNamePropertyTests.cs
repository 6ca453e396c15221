using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Tests;

/// <summary>What holds for every name, tried on many: bytes of any kind, and text with the characters that make trouble.</summary>
public class ResourceNamePropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2000);

    private static Gen<byte[]> Bytes { get; } =
        from length in Gen.Choose(1, Limits.ResourceNameBytesMax)
        from bytes in Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(length)
        where bytes[^1] != 0
        select bytes;

    private static Gen<string> Text { get; } =
        from length in Gen.Choose(1, 12)
        from runes in Gen.Elements(
            "a", "Z", "/", " ", "\\", "\\x41", "hex:", "id:", "'", "\"", "\0", "\n", "\u001b", "\u00a0", "ß", "€", "\u202e", "\ufeff", "\ue000", "😀")
            .ArrayOf(length)
        let text = string.Concat(runes)
        where text[^1] != '\0' && Encoding.UTF8.GetByteCount(text) <= Limits.ResourceNameBytesMax
        select text;

    private static Arbitrary<ResourceName> Names { get; } =
        Gen.OneOf(Bytes.Select(b => (ResourceName)b), Text.Select(t => new ResourceName(t))).ToArbitrary();

    [Fact]
    public void What_is_printed_reads_back_as_the_same_name() =>
        Prop.ForAll(Names, name => ResourceName.Parse(name.ToString()) == name).Check(Many);

    [Fact]
    public void What_is_printed_is_one_line_of_plain_characters() =>
        Prop.ForAll(Names, name => !name.ToString().Any(char.IsControl) && !name.ToString().Contains('\u202e')).Check(Many);

    [Fact]
    public void Hexadecimal_reads_back_as_the_same_name() =>
        Prop.ForAll(Names, name => ResourceName.Parse("hex:" + Convert.ToHexString(BytesOf(name))) == name).Check(Many);

    [Fact]
    public void A_name_made_of_its_bytes_is_the_same_name() =>
        Prop.ForAll(Names, name =>
        {
            ResourceName copy = new(BytesOf(name));
            return copy == name && name == copy && copy.Hash == name.Hash && copy.GetHashCode() == name.GetHashCode()
                && copy.CompareTo(name) == 0 && copy.ByteLength == name.ByteLength && copy.ToString() == name.ToString();
        }).Check(Many);

    [Fact]
    public void Two_names_compare_as_their_bytes_do() =>
        Prop.ForAll(Names, Names, (a, b) =>
        {
            int expected = BytesOf(a).AsSpan().SequenceCompareTo(BytesOf(b));
            return Math.Sign(a.CompareTo(b)) == Math.Sign(expected) && (a == b) == (expected == 0) && a.Equals(BytesOf(b)) == (expected == 0);
        }).Check(Many);

    [Fact]
    public void Whatever_text_comes_reading_it_never_fails_in_another_way() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text => ResourceName.TryParse(text, out ResourceName name) != name.IsDefault).Check(Many);

    private static byte[] BytesOf(ResourceName name)
    {
        byte[] bytes = new byte[name.ByteLength];
        return name.TryWriteBytes(bytes, out int written) && written == bytes.Length ? bytes : throw new InvalidOperationException();
    }
}
