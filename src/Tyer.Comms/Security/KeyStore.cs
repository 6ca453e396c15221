namespace Tyer.Comms.Security;

/// <summary>The keys of a file, to be read again while the node runs: new handshakes use them, and connections that stand go by those that are left.</summary>
internal sealed class KeyStore
{
    private readonly string _path;
    private volatile KeyRing _ring;

    /// <summary>Reads the file.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public KeyStore(string path)
    {
        _path = path;
        _ring = KeyFile.Read(path);
    }

    /// <summary>The keys as they were last read.</summary>
    public KeyRing Ring => _ring;

    /// <summary>Reads the file again. If that fails, the keys stay as they were.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public void Reload() => _ring = KeyFile.Read(_path);
}
