using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Comms.Security;

/// <summary>
/// The file with the keys of a cluster. It is read only where nobody but its owner can, and what it holds is in no message: keys are
/// spoken of by their ids.
/// </summary>
public static class KeyFile
{
    /// <summary>Makes a file with one new key. A file that is there stays as it is.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>: there is one, or it cannot be written.</exception>
    public static KeyFileContents Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Path.Exists(path))
            throw Fault(path, "it exists, and a key that is in use must not be lost. To change keys use --add, or choose another file");
        return Write(path, new KeyRing(ClusterKey.New([])));
    }

    /// <summary>Adds a new key, which is accepted and not yet offered.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public static KeyFileContents Add(string path)
    {
        KeyRing ring = Read(path);
        if (ring.Keys.Length == KeyRing.KeysMax) throw Fault(path, $"it has {KeyRing.KeysMax} keys, which is the limit; retire some");
        return Replace(path, ring.Add(ClusterKey.New(ring.Keys.Select(key => key.Id))));
    }

    /// <summary>Makes a key the one that is offered.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public static KeyFileContents Activate(string path, string id)
    {
        KeyRing ring = Read(path);
        return Replace(path, ring.Activate(Find(path, ring, id)));
    }

    /// <summary>Removes a key that is not offered any more.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public static KeyFileContents Retire(string path, string id)
    {
        KeyRing ring = Read(path);
        ClusterKey key = Find(path, ring, id);
        if (key == ring.Active) throw Fault(path, $"key {key.IdText} is the active one: make another active first, on all nodes");
        return Replace(path, ring.Remove(key));
    }

    /// <summary>Reads the keys.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    internal static KeyRing Read(string path)
    {
        byte[] text = GC.AllocateArray<byte>(KeyFileText.BytesMax + 1, pinned: true);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            if (PrivateFile.FaultOf(file, path) is { } others) throw Fault(path, others);

            int length = 0;
            for (int more = 1; more > 0 && length < text.Length; length += more) more = RandomAccess.Read(file, text.AsSpan(length), length);
            if (length == text.Length) throw Fault(path, $"it has more than {KeyFileText.BytesMax} bytes, so it is no key file");
            if (KeyFileText.TryParse(text.AsSpan(0, length), out (int Line, string What) fault) is { } ring) return ring;
            throw Fault(fault.Line == 0 ? path : $"{path}, line {fault.Line}", fault.What);
        }
        catch (Exception e) when (e is (IOException and not CommsException) or UnauthorizedAccessException)
        {
            throw Fault(path, e is FileNotFoundException or DirectoryNotFoundException ? $"there is no such file; 'tyer keygen {path}' makes one" : e.Message, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private static ClusterKey Find(string path, KeyRing ring, string id) =>
        KeyFileText.TryReadId(System.Text.Encoding.UTF8.GetBytes(id), out uint number) && ring.Find(number) is { } key
            ? key
            : throw Fault(path, $"it has no key '{id}'; it has {string.Join(", ", ring.Keys.Select(each => each.IdText))}");

    /// <summary>Whoever reads sees the old keys or the new ones, and a crash leaves one of both.</summary>
    private static KeyFileContents Replace(string path, KeyRing ring)
    {
        string fresh = path + ".new";
        try
        {
            File.Delete(fresh);
            KeyFileContents contents = Write(fresh, ring);
            File.Move(fresh, path, overwrite: true);
            return contents;
        }
        catch (Exception e) when (e is (IOException and not CommsException) or UnauthorizedAccessException)
        {
            throw Fault(path, e.Message, e);
        }
    }

    private static KeyFileContents Write(string path, KeyRing ring)
    {
        byte[] text = GC.AllocateArray<byte>(KeyFileText.BytesMax, pinned: true);
        try
        {
            int length = KeyFileText.Write(ring, text);
            using FileStream file = PrivateFile.Create(path);
            file.Write(text, 0, length);
            file.Flush(flushToDisk: true);
            return new KeyFileContents(ring.Active.IdText, [.. ring.Keys.Skip(1).Select(key => key.IdText)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, e.Message, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private static CommsException Fault(string where, string what, Exception? cause = null) =>
        new(CommsErrorCode.NoCredentials, $"Key file {where}: {what.TrimEnd('.')}.", cause);
}

/// <summary>Which keys a file holds, by id.</summary>
/// <param name="Active">The key that is offered.</param>
/// <param name="Accepted">The other keys that are accepted.</param>
public sealed record KeyFileContents(string Active, IReadOnlyList<string> Accepted);
