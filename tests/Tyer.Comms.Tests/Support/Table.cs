using System.Runtime.CompilerServices;

namespace Tyer.Comms.Tests.Support;

/// <summary>A table that is written down beside its test: who changes what is in it changes the file, and sees what he has changed.</summary>
internal static class Table
{
    /// <summary>The lines of a file beside the caller's.</summary>
    public static string[] Lines(string name, [CallerFilePath] string path = "") =>
        File.ReadAllLines(Path.Combine(Path.GetDirectoryName(path)!, name));
}
