using System.Text;
using Tyer.Hashing;

namespace Tyer.Tests;

public class ResourceNameTests
{
    private static readonly string Longest = new('x', 64);

    [Fact]
    public void A_string_and_its_bytes_are_the_same_name()
    {
        ResourceName text = "größe/42";
        var bytes = (ResourceName)Encoding.UTF8.GetBytes("größe/42");

        Assert.Equal(text, bytes);
        Assert.Equal(bytes, text);
        Assert.True(text == bytes);
        Assert.Equal(text.Hash, bytes.Hash);
        Assert.Equal(text.GetHashCode(), bytes.GetHashCode());
        Assert.Equal(0, text.CompareTo(bytes));
        Assert.Equal(XxHash64.Hash("größe/42"u8), text.Hash);
    }

    [Fact]
    public void A_string_of_any_length_hashes_as_its_bytes_wherever_it_is_not_ASCII()
    {
        for (int length = 1; length <= Limits.ResourceNameBytesMax; length++)
        {
            string ascii = new([.. Enumerable.Range(0, length).Select(at => (char)('!' + at))]);
            Assert.Equal(new ResourceName(Encoding.UTF8.GetBytes(ascii)).Hash, new ResourceName(ascii).Hash);
            for (int at = 0; at < length - 1; at++)
            {
                // The second has the lower byte of an ASCII letter.
                foreach (char other in "é\u0141")
                {
                    string text = ascii[..at] + other + ascii[(at + 2)..];
                    Assert.Equal(new ResourceName(Encoding.UTF8.GetBytes(text)).Hash, new ResourceName(text).Hash);
                }
            }
        }
    }

    [Fact]
    public void Different_names_differ_in_either_form()
    {
        ResourceName a = "a";
        Assert.NotEqual(a, (ResourceName)"b");
        Assert.NotEqual(a, (ResourceName)"b"u8);
        Assert.NotEqual((ResourceName)"a"u8, (ResourceName)"b"u8);
        Assert.NotEqual(a, default);
        Assert.NotEqual(default, a);
        Assert.Equal(default(ResourceName), default);
    }

    [Fact]
    public void Bytes_are_copied()
    {
        byte[] bytes = "abc"u8.ToArray();
        var name = (ResourceName)bytes;
        bytes[0] = (byte)'x';
        Assert.Equal((ResourceName)"abc", name);
    }

    [Fact]
    public void The_limit_counts_bytes_and_not_characters()
    {
        Assert.Equal(64, new ResourceName(Longest).ByteLength);
        Assert.Equal(64, new ResourceName(new string('ö', 32)).ByteLength);
        Assert.Throws<ArgumentException>(() => new ResourceName(new string('ö', 33)));
    }

    [Fact]
    public void A_bad_string_is_refused_with_the_reason()
    {
        // Not theory data: an attribute cannot hold a string that has no UTF-8 form.
        (string Bad, string Reason)[] cases =
        [
            ("", "empty"),
            ("abc\0", "NUL"),
            ("\0", "NUL"),
            ("a\ud800", "unpaired surrogate (U+D800) at position 2"),
            ("\udc00b", "unpaired surrogate (U+DC00) at position 1"),
            ("\ud83d\ude00\ud83d", "unpaired surrogate (U+D83D) at position 3"),
        ];
        foreach ((string bad, string reason) in cases)
        {
            var e = Assert.Throws<ArgumentException>(() => (ResourceName)bad);
            Assert.Equal("name", e.ParamName);
            Assert.Contains(reason, e.Message, StringComparison.Ordinal);
            Assert.False(ResourceName.TryParse(bad, out _));
        }
    }

    [Fact]
    public void A_name_too_long_is_refused_with_its_length_and_the_limit()
    {
        foreach (int length in new[] { 65, 200, 100_000 })
        {
            string message = Assert.Throws<ArgumentException>(() => new ResourceName(new string('x', length))).Message;
            Assert.Contains($"{length} bytes", message, StringComparison.Ordinal);
            Assert.Contains("limit is 64", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Bad_bytes_are_refused_with_the_reason()
    {
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => (ResourceName)Array.Empty<byte>()).Message, StringComparison.Ordinal);
        Assert.Contains("65 bytes", Assert.Throws<ArgumentException>(() => (ResourceName)new byte[65]).Message, StringComparison.Ordinal);
        Assert.Contains("NUL", Assert.Throws<ArgumentException>(() => (ResourceName)"a\0"u8).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => (ResourceName)(byte[])null!);
        Assert.Throws<ArgumentNullException>(() => (ResourceName)(string)null!);
        Assert.False(ResourceName.TryCreate("a\0"u8, out _));
        Assert.True(ResourceName.TryCreate([0x00, 0xFF], out ResourceName name));
        Assert.Equal(2, name.ByteLength);
    }

    [Fact]
    public void Making_one_from_a_string_allocates_nothing()
    {
        string text = "orders/größe/42";
        ResourceName name = text;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) name = text;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(17, name.ByteLength);
    }

    [Fact]
    public void It_is_one_reference_and_one_hash() =>
        Assert.Equal(IntPtr.Size + sizeof(ulong), System.Runtime.CompilerServices.Unsafe.SizeOf<ResourceName>());

    [Theory]
    [InlineData("orders/42", "orders/42")]
    [InlineData("größe 😀", "größe 😀")]
    [InlineData("a\\b", @"a\x5cb")]
    [InlineData("a\nb\u001b[31m", @"a\x0ab\x1b[31m")]
    [InlineData("a\u202eb", @"a\xe2\x80\xaeb")]
    [InlineData("a\u00a0b", @"a\xc2\xa0b")]
    [InlineData("hex:ab", @"\x68ex:ab")]
    [InlineData("\0x", @"\x00x")]
    public void It_prints_as_text_with_escapes_and_is_read_back(string text, string printed)
    {
        ResourceName name = text;
        Assert.Equal(printed, name.ToString());
        Assert.Equal(printed, ((ResourceName)Encoding.UTF8.GetBytes(text)).ToString());
        Assert.Equal(name, ResourceName.Parse(printed));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_printed_escaped_and_read_back()
    {
        var name = (ResourceName)new byte[] { 0x61, 0xFF, 0xC3, 0x00, 0x62 };
        Assert.Equal(@"a\xff\xc3\x00b", name.ToString());
        Assert.Equal(name, ResourceName.Parse(name.ToString()));
    }

    [Theory]
    [InlineData(@"a\\b", @"a\b")]
    [InlineData(@"\x41\x62", "Ab")]
    [InlineData("hex:6f72646572", "order")]
    [InlineData("hex:6F72", "or")]
    public void People_may_write_escapes_and_hexadecimal(string written, string text) =>
        Assert.Equal((ResourceName)text, ResourceName.Parse(written));

    [Theory]
    [InlineData(@"a\", "backslash at position 2")]
    [InlineData(@"a\n", "backslash at position 2")]
    [InlineData(@"\x4", "backslash at position 1")]
    [InlineData(@"\xzz", "backslash at position 1")]
    [InlineData(@"\x+1", "backslash at position 1")]
    [InlineData("hex:", "empty")]
    [InlineData("hex:abc", "pairs")]
    [InlineData("hex:zz", "pairs")]
    [InlineData("hex:6100", "NUL")]
    [InlineData(@"a\x00", "NUL")]
    public void Text_that_is_no_name_is_a_format_error_with_the_reason(string written, string reason)
    {
        Assert.Contains(reason, Assert.Throws<FormatException>(() => ResourceName.Parse(written)).Message, StringComparison.Ordinal);
        Assert.False(ResourceName.TryParse(written, out ResourceName name));
        Assert.True(name.IsDefault);
    }

    [Fact]
    public void Text_too_long_to_read_is_a_format_error()
    {
        Assert.Equal((ResourceName)Longest, ResourceName.Parse("hex:" + string.Concat(Enumerable.Repeat("78", 64))));
        Assert.Equal((ResourceName)Longest, ResourceName.Parse(string.Concat(Enumerable.Repeat(@"\x78", 64))));
        Assert.Throws<FormatException>(() => ResourceName.Parse(string.Concat(Enumerable.Repeat(@"\x78", 65))));
        Assert.Throws<FormatException>(() => ResourceName.Parse(new string('€', 260)));
        Assert.Throws<FormatException>(() => ResourceName.Parse(new string('x', 1_000_000)));
    }

    [Fact]
    public void Bytes_are_written_only_where_they_fit()
    {
        ResourceName text = "größe";
        var bytes = (ResourceName)"größe"u8;
        foreach (ResourceName name in new[] { text, bytes })
        {
            Assert.Equal(7, name.ByteLength);
            byte[] exact = new byte[7];
            Assert.True(name.TryWriteBytes(exact, out int written));
            Assert.Equal(7, written);
            Assert.Equal("größe"u8, exact);
            Assert.False(name.TryWriteBytes(new byte[6], out written));
            Assert.Equal(0, written);
        }
    }

    [Fact]
    public void The_default_is_no_name()
    {
        ResourceName none = default;
        Assert.True(none.IsDefault);
        Assert.False(((ResourceName)"a").IsDefault);
        Assert.Equal(0, none.ByteLength);
        Assert.Equal("", none.ToString());
        Assert.True(none.TryWriteBytes([], out int written));
        Assert.Equal(0, written);
    }

    [Fact]
    public void Names_are_ordered_by_their_bytes()
    {
        // UTF-16 would put the emoji (surrogates) before U+FFFD; bytes do not.
        ResourceName[] ordered = [default, "a", "a/b", "b", "\uFFFD", "😀", (ResourceName)new byte[] { 0xFF }];
        for (int i = 0; i < ordered.Length; i++)
        {
            for (int j = 0; j < ordered.Length; j++)
            {
                Assert.Equal(Math.Sign(i - j), Math.Sign(ordered[i].CompareTo(ordered[j])));
                Assert.Equal(i < j, ordered[i] < ordered[j]);
                Assert.Equal(i <= j, ordered[i] <= ordered[j]);
                Assert.Equal(i > j, ordered[i] > ordered[j]);
                Assert.Equal(i >= j, ordered[i] >= ordered[j]);
            }
        }
    }

    [Fact]
    public void A_table_finds_a_name_by_its_bytes_without_allocating()
    {
        var table = new Dictionary<ResourceName, int>(ResourceNameComparer.Instance) { ["größe"] = 1, [(ResourceName)new byte[] { 0xFF }] = 2 };
        var byBytes = table.GetAlternateLookup<ReadOnlySpan<byte>>();
        int found = byBytes["größe"u8];
        long before = GC.GetAllocatedBytesForCurrentThread();
        found = byBytes["größe"u8] + byBytes[[0xFF]];
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(3, found);
        Assert.False(byBytes.TryGetValue("absent"u8, out _));
        byBytes["new"u8] = 3;
        Assert.Equal(3, table["new"]);
    }
}
