using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Daemon.Hosting;

/// <summary>Tells whoever started this daemon, through a descriptor that it left open, that it serves, or why it does not.</summary>
internal sealed class ReadySignal : IDisposable
{
    /// <summary>What stands in the line when all is well; anything else is the reason of the failure.</summary>
    public const string Good = "READY";

    private readonly FileStream? _stream;

    private ReadySignal(FileStream? stream) => _stream = stream;

    /// <summary>A signal through a descriptor; null: nobody waits for one.</summary>
    public static ReadySignal Of(int? descriptor) =>
        new(descriptor is { } number ? new FileStream(new SafeFileHandle(number, ownsHandle: true), FileAccess.Write, bufferSize: 0) : null);

    public void Succeed() => Say(Good);

    public void Fail(string reason) => Say(reason.ReplaceLineEndings(" "));

    public void Dispose() => _stream?.Dispose();

    private void Say(string line)
    {
        if (_stream is not { CanWrite: true }) return;
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // Nobody waits any more; the daemon serves all the same.
        }

        _stream.Dispose();
    }
}
