using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Tyer.Cluster.Interop;

namespace Tyer.Cluster.State;

/// <summary>
/// Tells a file from its copies: the inode, and the time at which it was born, where the file system keeps that. A restored
/// backup and a copied directory have others; a renamed or moved directory has the same. (The device's number is left out: it may
/// change with every boot.)
/// </summary>
internal readonly record struct FileIdentity(ulong Inode, FileBirth? Born)
{
    private const string Unknown = "unknown";

    /// <summary>The identity of an open file.</summary>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static FileIdentity Of(SafeFileHandle file)
    {
        FileFacts facts = Libc.Describe(file);
        return new FileIdentity(facts.Inode, facts.Born);
    }

    /// <summary>Whether a file that looks like <paramref name="actual"/> may be the one that was written as this.</summary>
    /// <remarks>
    /// Where no birth time was recorded, the inode has to do. One that was recorded and is not told any more means another file
    /// system, hence another file.
    /// </remarks>
    public bool Matches(FileIdentity actual) => Inode == actual.Inode && (Born is null || Born == actual.Born);

    /// <summary><c>seconds.nanoseconds</c>, or <c>unknown</c>.</summary>
    public static string FormatBirth(FileBirth? born) => born is { } known
        ? string.Create(CultureInfo.InvariantCulture, $"{known.Seconds}.{known.Nanoseconds:D9}")
        : Unknown;

    /// <summary>Reads what <see cref="FormatBirth"/> wrote.</summary>
    public static bool TryParseBirth(string text, out FileBirth? born)
    {
        born = null;
        if (text == Unknown) return true;

        int dot = text.IndexOf('.');
        if (dot < 0
            || !long.TryParse(text.AsSpan(0, dot), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)
            || !uint.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out uint nanoseconds))
        {
            return false;
        }

        born = new FileBirth(seconds, nanoseconds);
        return true;
    }
}
