using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Tyer.Node.Clients;

/// <summary>Names of users, by their numbers.</summary>
internal static unsafe partial class UserNames
{
    // struct passwd is smaller than this on every platform, and begins with the name.
    private const int EntryBytes = 256;
    private const int TextBytes = 16 * 1024;
    private const int NamesMax = 4096;

    private static readonly ConcurrentDictionary<uint, string> Known = [];

    /// <summary>The user's name; its number where the system has no name for it.</summary>
    internal static string Of(uint userId)
    {
        if (Known.TryGetValue(userId, out var known))
            return known;
        var found = Ask(userId) ?? userId.ToString(CultureInfo.InvariantCulture);
        // An account may get another name, and a directory may answer late: this is for people to read, and begins anew now and then.
        if (Known.Count >= NamesMax)
            Known.Clear();
        return Known.GetOrAdd(userId, found);
    }

    /// <summary>The number of a group; null if there is no such group.</summary>
    internal static uint? GroupIdOf(string name)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        var text = new byte[TextBytes];
        fixed (byte* first = entry)
        fixed (byte* strings = text)
        {
            if (GetGroup(name, first, strings, TextBytes, out var found) != 0 || found == 0)
                return null;
            // struct group: name, password, number.
            return *(uint*)(first + 2 * sizeof(nint));
        }
    }

    /// <summary>Gives a file to a group.</summary>
    /// <returns>False if the system does not let this process.</returns>
    internal static bool TryGiveToGroup(string path, uint groupId) => ChangeOwner(path, uint.MaxValue, groupId) == 0;

    private static string? Ask(uint userId)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        var text = new byte[TextBytes];
        fixed (byte* first = entry)
        fixed (byte* strings = text)
        {
            return GetUser(userId, first, strings, TextBytes, out var found) == 0 && found != 0
                ? Marshal.PtrToStringUTF8(*(nint*)first)
                : null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetUser(uint userId, byte* entry, byte* text, nuint textBytes, out nint found);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetGroup(string name, byte* entry, byte* text, nuint textBytes, out nint found);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint userId, uint groupId);
}
