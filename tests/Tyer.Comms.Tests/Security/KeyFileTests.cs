using System.Text;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

public sealed class KeyFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly string Secret = new('5', 64);
    private static readonly string OtherSecret = string.Concat(Enumerable.Repeat("aB09", 16));

    private readonly TestFolder _folder = new();

    private string File => _folder.File("keys");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_file_has_one_key_and_is_its_owners_alone()
    {
        KeyFileContents made = KeyFile.Create(File);

        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File));
        KeyRing ring = KeyFile.Read(File);
        Assert.Equal(made.Active, ring.Active.IdText);
        Assert.Single(ring.Keys);
        Assert.Empty(made.Accepted);
        Assert.NotEqual(0, ring.Active.Secret.IndexOfAnyExcept((byte)0) + 1);
    }

    [Fact]
    public void Two_new_files_have_different_keys()
    {
        KeyFile.Create(File);
        KeyFile.Create(_folder.File("other"));
        Assert.False(KeyFile.Read(File).Active.Secret.SequenceEqual(KeyFile.Read(_folder.File("other")).Active.Secret));
    }

    [Fact]
    public void A_file_that_is_there_is_never_overwritten()
    {
        System.IO.File.WriteAllText(File, "mine");

        CommsException e = Assert.Throws<CommsException>(() => KeyFile.Create(File));

        Assert.Equal(CommsErrorCode.NoCredentials, e.Code);
        Assert.Contains(File, e.Message, StringComparison.Ordinal);
        Assert.Equal("mine", System.IO.File.ReadAllText(File));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_can_use_is_refused(UnixFileMode others)
    {
        KeyFile.Create(File);
        System.IO.File.SetUnixFileMode(File, OwnerOnly | others);

        CommsException e = Assert.Throws<CommsException>(() => KeyFile.Read(File));

        Assert.Contains($"chmod 600 {File}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_changed_in_three_steps()
    {
        string old = KeyFile.Create(File).Active;

        KeyFileContents added = KeyFile.Add(File);
        string fresh = Assert.Single(added.Accepted);
        Assert.Equal(old, added.Active);
        Assert.NotEqual(old, fresh);
        byte[] secret = KeyFile.Read(File).Find(Convert.ToUInt32(fresh, 16))!.Secret.ToArray();

        KeyFileContents activated = KeyFile.Activate(File, fresh);
        Assert.Equal(fresh, activated.Active);
        Assert.Equal([old], activated.Accepted);

        KeyFileContents retired = KeyFile.Retire(File, old);
        Assert.Equal(fresh, retired.Active);
        Assert.Empty(retired.Accepted);
        Assert.Equal(secret, KeyFile.Read(File).Active.Secret.ToArray());
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void The_active_key_and_an_unknown_one_cannot_be_retired()
    {
        string active = KeyFile.Create(File).Active;
        Assert.Contains("is the active one", Assert.Throws<CommsException>(() => KeyFile.Retire(File, active)).Message, StringComparison.Ordinal);
        Assert.Contains($"no key 'x'; it has {active}", Assert.Throws<CommsException>(() => KeyFile.Retire(File, "x")).Message, StringComparison.Ordinal);
        Assert.Equal(active, KeyFile.Read(File).Active.IdText);
    }

    [Fact]
    public void No_more_keys_are_added_than_a_ring_holds()
    {
        KeyFile.Create(File);
        for (int i = 1; i < KeyRing.KeysMax; i++) KeyFile.Add(File);
        Assert.Throws<CommsException>(() => KeyFile.Add(File));
        Assert.Equal(KeyRing.KeysMax, KeyFile.Read(File).Keys.Length);
    }

    [Fact]
    public void Comments_blank_lines_and_other_line_ends_do_no_harm()
    {
        Write($"# a comment\r\n\r\n  accepted\t0000000B   {OtherSecret}  \r\n active 0000000a {Secret}");

        KeyRing ring = KeyFile.Read(File);

        Assert.Equal(10u, ring.Active.Id);
        Assert.Equal(Convert.FromHexString(Secret), ring.Active.Secret.ToArray());
        Assert.Equal(Convert.FromHexString(OtherSecret), ring.Find(11)!.Secret.ToArray());
        Assert.Null(ring.Find(12));
    }

    public static TheoryData<string, int> Faults => new()
    {
        { $"active 0000000a {Secret}\n{OtherSecret}", 2 },
        { $"active 0000000a {Secret}\nretired 0000000b {OtherSecret}", 2 },
        { $"active 0000000a {Secret[1..]}", 1 },
        { $"active 0000000a {Secret}0", 1 },
        { $"active 0000000a {Secret[1..]}g", 1 },
        { $"active 0000000a {Secret} {OtherSecret}", 1 },
        { $"active a {Secret}", 1 },
        { $"active 00000000 {Secret}", 1 },
        { $"active 0000000x {Secret}", 1 },
        { $"active {Secret}", 1 },
        { "\n\nactive", 3 },
        { $"active 0000000a {Secret}\nactive 0000000b {OtherSecret}", 2 },
        { $"active 0000000a {Secret}\n\naccepted 0000000a {OtherSecret}", 3 },
        { $"accepted 0000000a {Secret}", 0 },
        { "", 0 },
        { string.Concat(Enumerable.Range(1, KeyRing.KeysMax + 1).Select(i => $"{(i == 1 ? "active" : "accepted")} {i:x8} {Secret}\n")), KeyRing.KeysMax + 1 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_is_wrong_is_told_with_file_and_line_and_without_a_secret(string text, int line)
    {
        Write(text);

        CommsException e = Assert.Throws<CommsException>(() => KeyFile.Read(File));

        Assert.Equal(CommsErrorCode.NoCredentials, e.Code);
        Assert.StartsWith(line == 0 ? $"Key file {File}: " : $"Key file {File}, line {line}: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret[..16], e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(OtherSecret[..16], e.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_file_that_is_missing_or_too_long_or_a_folder_is_named()
    {
        Assert.Contains($"'tyer keygen {File}' makes one", Assert.Throws<CommsException>(() => KeyFile.Read(File)).Message, StringComparison.Ordinal);
        Write(new string('#', KeyFileText.BytesMax + 1));
        Assert.Contains("no key file", Assert.Throws<CommsException>(() => KeyFile.Read(File)).Message, StringComparison.Ordinal);
        Assert.Throws<CommsException>(() => KeyFile.Read(Path.GetDirectoryName(File)!));
    }

    [Fact]
    public void Random_text_never_throws() => Seeds.ForEach(5_000, dice =>
    {
        byte[] text = Encoding.UTF8.GetBytes($"# x\nactive 0000000a {Secret}\naccepted 0000000b {OtherSecret}\n");
        for (int i = dice.Between(1, 5); i > 0; i--) text[dice.Below(text.Length)] = (byte)dice.Next();
        KeyRing? ring = KeyFileText.TryParse(text.AsSpan(0, dice.Below(text.Length + 1)), out (int Line, string What) fault);
        Assert.NotEqual(ring is null, fault.What is null);
    });

    [Fact]
    public void Keys_are_read_again_and_stay_as_they_were_when_the_file_is_bad()
    {
        string old = KeyFile.Create(File).Active;
        var store = new KeyStore(File);
        string fresh = KeyFile.Add(File).Accepted[0];
        KeyFile.Activate(File, fresh);
        Assert.Equal(old, store.Ring.Active.IdText);

        store.Reload();
        Assert.Equal(fresh, store.Ring.Active.IdText);

        Write("nonsense");
        Assert.Throws<CommsException>(store.Reload);
        Assert.Equal(fresh, store.Ring.Active.IdText);
    }

    [Fact]
    public void A_key_prints_its_id_only()
    {
        Write($"active 0000000a {Secret}");
        KeyRing ring = KeyFile.Read(File);
        Assert.Equal("key 0000000a", ring.Active.ToString());
        Assert.Equal("keys 0000000a", ring.ToString());
    }

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        System.IO.File.SetUnixFileMode(File, OwnerOnly);
    }
}
