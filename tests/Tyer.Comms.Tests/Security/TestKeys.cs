using System.Globalization;
using System.Text;
using Tyer.Comms.Security;

namespace Tyer.Comms.Tests.Security;

/// <summary>Keys whose secret follows from their id.</summary>
internal static class TestKeys
{
    public static ClusterKey Key(uint id, char digit = 'a') => ClusterKey.TryRead(id, Encoding.ASCII.GetBytes(
        id.ToString("x32", CultureInfo.InvariantCulture) + new string(digit, 32)))!;

    /// <summary>Writes a key file, the first key being active.</summary>
    public static void Write(string path, params (uint Id, char Digit)[] keys)
    {
        var text = new StringBuilder();
        foreach ((uint id, char digit) in keys)
            text.Append(text.Length == 0 ? "active " : "accepted ").Append(ClusterKey.TextOf(id)).Append(' ').Append(Convert.ToHexString(Key(id, digit).Secret)).Append('\n');
        File.WriteAllText(path, text.ToString());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Security by the keys of a file that is written for it.</summary>
    public static PeerSecurity Security(string path, SecurityMode mode, params (uint Id, char Digit)[] keys)
    {
        Write(path, keys);
        return PeerSecurity.ByKeys(mode, path);
    }

    /// <summary>A ring of keys, the first being active.</summary>
    public static KeyRing Ring(params uint[] ids) => new([.. ids.Select(id => Key(id))]);
}
