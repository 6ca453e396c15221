using Microsoft.Extensions.Logging;

namespace Tyer;

/// <summary>How a program connects to its node. Every default is good for a program on a machine that runs the daemon.</summary>
public sealed class TyerClientOptions
{
    /// <summary>
    /// Where the node is: <c>unix:/run/tyer/tyerd.sock</c>, or <c>tcp://10.0.0.7:7601</c> where a node of another machine listens for clients with a
    /// <see cref="Certificate"/>. Default:
    /// the environment's <c>TYER_SOCKET</c>; else the socket that <c>/etc/tyer/tyerd.json</c> names, where that file exists; else the first that
    /// answers of <c>/run/tyer/tyerd.sock</c>, <c>$XDG_RUNTIME_DIR/tyer/tyerd.sock</c> and <c>/tmp/tyer-UID/tyerd.sock</c>.
    /// </summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// The file with this program's certificate (PEM), which names it as <c>tyer:CLUSTER/client/NAME</c>, as <c>tyer cert</c> makes it. With it a
    /// connection over TCP is TLS 1.3, and without it TCP is for loopback only. Read again for each new session.
    /// </summary>
    public string? Certificate { get; set; }

    /// <summary>The file with the key to <see cref="Certificate"/> (PEM), for its owner only.</summary>
    public string? PrivateKey { get; set; }

    /// <summary>The file with the certificate of the cluster's own authority (PEM): only nodes that it vouches for are believed.</summary>
    public string? Authority { get; set; }

    /// <summary>How long connecting may take, with all that is tried. Positive, at most a day. Default: 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the session lives without being heard of, at least 2 s; the node may grant less. A program that stalls for longer loses its
    /// locks. Default: what the node grants, usually 10 s.
    /// </summary>
    public TimeSpan? SessionTimeout { get; set; }

    /// <summary>What the program calls itself, shown to whoever waits for it. At most 128 bytes (UTF-8), no control characters.</summary>
    public string? Label { get; set; }

    /// <summary>
    /// Whether continuations and callbacks run on the thread that reads the connection. Saves the hop to the pool, and then they must not block:
    /// nothing else is heard meanwhile. Default: false.
    /// </summary>
    /// <remarks>
    /// A task that waited goes on inside the reader, up to its next real wait. What it releases and is granted again at once comes on top, so tasks that
    /// contend for a lock in one process nest on that one thread, and grants, notices and losses of all other locks of the connection
    /// starve until they are done. Keep-alives have a thread of their own. Use it where what follows a grant is short.
    /// </remarks>
    public bool InlineCompletions { get; set; }

    /// <summary>Where the client logs to; null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Returns when every option is in its range.</summary>
    /// <exception cref="ArgumentException">One is not; the message names it.</exception>
    public void Validate()
    {
        if (ConnectTimeout <= TimeSpan.Zero || ConnectTimeout > TimeSpan.FromDays(1))
            throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), ConnectTimeout, "ConnectTimeout is positive, and at most a day.");
        string?[] files = [Certificate, PrivateKey, Authority];
        if (files.Contains(null) && files.Any(file => file is not null))
            throw new ArgumentException("A certificate needs three files: Certificate, PrivateKey and Authority.", nameof(Certificate));
        if (SessionTimeout < TimeSpan.FromSeconds(2))
            throw new ArgumentOutOfRangeException(nameof(SessionTimeout), SessionTimeout, "SessionTimeout is at least 2 s: shorter ones lapse on a machine that is merely busy.");
        if (Label is not null && System.Text.Encoding.UTF8.GetByteCount(Label) > Limits.LabelBytesMax)
            throw new ArgumentException($"Label has more than {Limits.LabelBytesMax} bytes.", nameof(Label));
        if (Label is not null && Label.Any(char.IsControl))
            throw new ArgumentException("Label has a control character.", nameof(Label));
    }
}
