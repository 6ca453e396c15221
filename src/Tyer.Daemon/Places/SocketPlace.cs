using Tyer.Sessions;

namespace Tyer.Daemon.Places;

/// <summary>Where this daemon's clients connect: the first place of <see cref="SocketPaths"/> that this user may use.</summary>
internal static class SocketPlace
{
    private const string UnixPrefix = "unix:";

    /// <summary>Chooses the endpoint.</summary>
    /// <param name="given">What the configuration says; null: nothing.</param>
    /// <exception cref="IOException">There is no place; the message tells which were tried.</exception>
    public static string Choose(string? given)
    {
        IReadOnlyList<string> places = SocketPaths.Find(given);
        // Where only one is right it is taken; if it cannot be, the node says why.
        if (places.Count == 1) return places[0];

        return places.FirstOrDefault(MayCreate)
            ?? throw new IOException($"No socket can be made, neither {string.Join(" nor ", places)}. Say --socket PATH, in a folder that this user may write to.");
    }

    private static bool MayCreate(string endpoint)
    {
        if (!endpoint.StartsWith(UnixPrefix, StringComparison.Ordinal)) return true;
        string folder = Path.GetDirectoryName(endpoint[UnixPrefix.Length..])!;
        try
        {
            MakeFolder(folder);
            using FileStream probe = new(Path.Combine(folder, $".{Environment.ProcessId}"), new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Options = FileOptions.DeleteOnClose,
            });
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Root's folder is for everybody to look into, since the socket's own mode decides who may connect; others' are private.</summary>
    private static void MakeFolder(string folder)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (Directory.Exists(folder)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, Environment.IsPrivilegedProcess ? Public : Private);
    }
}
