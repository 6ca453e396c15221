using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tyer.Cluster.Interop;

namespace Tyer.Cluster.State;

/// <summary>
/// A directory with a lock on it and one file in it. Replacing the file is all or nothing, and durable on return: a new file is
/// written and flushed, takes the old one's name, and the directory is flushed.
/// </summary>
internal sealed class StateStore : IDisposable
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _newFile;
    private readonly SafeFileHandle _lock;

    private StateStore(string directory, SafeFileHandle handle)
    {
        Directory = directory;
        File = Path.Combine(directory, "state");
        _newFile = File + ".new";
        _lock = handle;
    }

    /// <summary>The directory, as an absolute path.</summary>
    public string Directory { get; }

    /// <summary>The file, as an absolute path.</summary>
    public string File { get; }

    /// <summary>Takes the directory; makes it, where asked to. Nobody else has it until this is disposed.</summary>
    /// <exception cref="StateDirectoryException">Locked, inaccessible, missing or unsupported.</exception>
    public static StateStore Open(string directory, bool create)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new StateDirectoryException(
                StateFault.Unsupported,
                "A state directory needs Linux. Elsewhere a node can run volatile, for tests: its tokens then grow within the process "
                    + "only.");
        }

        directory = Path.GetFullPath(directory);
        try
        {
            if (create) CreatePrivate(directory);
            else if (!System.IO.Directory.Exists(directory))
                throw new StateDirectoryException(StateFault.Missing, $"There is no state directory {directory}.");

            return Take(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Inaccessible(directory, "used", e);
        }
    }

    private static StateStore Take(string directory)
    {
        SafeFileHandle handle = Libc.Open(Path.Combine(directory, "lock"), Libc.OpenReadWrite | Libc.OpenCreate, FileMode);
        try
        {
            if (!Libc.TryLock(handle))
            {
                throw new StateDirectoryException(
                    StateFault.Locked,
                    $"The state directory {directory} is in use by {ReadHolder(handle)}. Two nodes must not share one: "
                        + "stop the other, or give this one a name or a directory of its own.");
            }

            GiveToOwner(handle, directory);
            WriteHolder(handle);
            return new StateStore(directory, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The file's content, and which file it is; null when there is none.</summary>
    /// <exception cref="StateDirectoryException">Inaccessible, or far too long to be ours.</exception>
    public (byte[] Content, FileIdentity Identity)? Read()
    {
        try
        {
            if (!System.IO.File.Exists(File)) return null;

            using SafeFileHandle handle = System.IO.File.OpenHandle(File);
            long length = RandomAccess.GetLength(handle);
            if (length > ClusterLimits.StateFileBytesMax)
                throw new StateDirectoryException(StateFault.Corrupt, $"{File} has {length} bytes and is no state file of Tyer.");

            byte[] content = new byte[length];
            int read = 0;
            while (read < content.Length && RandomAccess.Read(handle, content.AsSpan(read), read) is > 0 and int more) read += more;
            return (content[..read], FileIdentity.Of(handle));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Inaccessible(File, "read", e);
        }
    }

    /// <summary>Replaces the file. After a failure either content may be in it, and neither is relied on.</summary>
    /// <param name="format">Makes the content, told which file it goes to.</param>
    /// <exception cref="StateDirectoryException">Inaccessible.</exception>
    public void Write(Func<FileIdentity, byte[]> format)
    {
        try
        {
            // A file of its own each time, so that what a backup has kept is never mistaken for the present one.
            System.IO.File.Delete(_newFile);
            using (SafeFileHandle handle = Libc.Open(_newFile, Libc.OpenReadWrite | Libc.OpenCreateNew, FileMode))
            {
                GiveToOwner(handle, Directory);
                RandomAccess.Write(handle, format(FileIdentity.Of(handle)), 0);
                RandomAccess.FlushToDisk(handle);
            }

            System.IO.File.Move(_newFile, File, overwrite: true);
            Libc.FlushDirectory(Directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Inaccessible(File, "written", e);
        }
    }

    public void Dispose()
    {
        Libc.Unlock(_lock);
        _lock.Dispose();
    }

    /// <summary>
    /// What root writes into somebody's directory is that somebody's: an administrator who adopts a state must not lock the daemon
    /// out of it.
    /// </summary>
    private static void GiveToOwner(SafeFileHandle file, string directory)
    {
        using SafeFileHandle opened = Libc.Open(directory, Libc.OpenReadOnly, UnixFileMode.None);
        FileFacts owner = Libc.Describe(opened);
        FileFacts present = Libc.Describe(file);
        if (present.User != owner.User) Libc.Give(file, owner.User, owner.Group);
    }

    /// <summary>Makes the directory, durably: one that a power failure took away again would begin at zero.</summary>
    [SupportedOSPlatform("linux")]
    private static void CreatePrivate(string directory)
    {
        var made = new Stack<string>();
        for (string? d = directory; d is not null && !System.IO.Directory.Exists(d); d = Path.GetDirectoryName(d)) made.Push(d);

        System.IO.Directory.CreateDirectory(directory, DirectoryMode);
        if (System.IO.File.GetUnixFileMode(directory) != DirectoryMode) System.IO.File.SetUnixFileMode(directory, DirectoryMode);
        foreach (string d in made) Libc.FlushDirectory(Path.GetDirectoryName(d)!);
    }

    private static void WriteHolder(SafeFileHandle handle)
    {
        RandomAccess.SetLength(handle, 0);
        RandomAccess.Write(handle, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")), 0);
    }

    private static string ReadHolder(SafeFileHandle handle)
    {
        Span<byte> content = stackalloc byte[16];
        int length = RandomAccess.Read(handle, content, 0);

        // Between taking the lock and writing this, a holder is not known.
        return int.TryParse(content[..length].TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
            ? $"process {process}"
            : "another process";
    }

    private static StateDirectoryException Inaccessible(string path, string verb, Exception e) => new(
        StateFault.Inaccessible,
        $"{path} cannot be {verb}: {e.Message.TrimEnd('.')}. The node needs a directory that it can write and that keeps its "
            + "content; name one with --state.",
        e);
}
