using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tyer.Comms.Endpoints;

/// <summary>
/// Where to listen or to connect: <c>tcp://10.0.0.7:7600</c>, <c>tcp://[::1]:7600</c> or <c>unix:/run/tyer/tyerd.sock</c>. What is not of this
/// machine only is used where both sides prove who they are: there must be no port that any machine may talk to.
/// </summary>
public sealed class CommsEndpoint : IEquatable<CommsEndpoint>
{
    private const string TcpPrefix = "tcp://";
    private const string UnixPrefix = "unix:";

    /// <summary>Bytes of a Unix socket's path, at most: the size of the field in the system's structure, less the final zero.</summary>
    private const int UnixPathBytesMax = 107;

    /// <summary>What to do so that clients of other machines can connect.</summary>
    internal const string CertificateRemedy = "give the node a certificate ('tyer cert' makes them) by Certificate, PrivateKey and Authority in the configuration";

    private readonly string _text;

    private CommsEndpoint(string text, EndPoint address, string? unixPath)
    {
        _text = text;
        Address = address;
        UnixPath = unixPath;
    }

    /// <summary>The path of the socket's file, or null for TCP.</summary>
    public string? UnixPath { get; }

    /// <summary>Whether only this machine is there: a Unix socket, or loopback.</summary>
    public bool IsLocal => UnixPath is not null || IPAddress.IsLoopback(((IPEndPoint)Address).Address);

    /// <summary>The address as the framework knows it.</summary>
    internal EndPoint Address { get; }

    /// <summary>Reads an endpoint.</summary>
    /// <exception cref="ArgumentNullException">There is no text.</exception>
    /// <exception cref="CommsException">
    /// <see cref="CommsErrorCode.UnknownTransport"/> or <see cref="CommsErrorCode.EndpointSyntax"/>; the message says what was expected.
    /// </exception>
    public static CommsEndpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(TcpPrefix, StringComparison.Ordinal)) return ParseTcp(text);
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal)) return ParseUnix(text);
        throw new CommsException(
            CommsErrorCode.UnknownTransport, $"'{text}' is no endpoint: it takes tcp://ADDRESS:PORT or unix:/PATH.");
    }

    /// <summary>Reads a list of endpoints, separated by commas: one for each path.</summary>
    /// <exception cref="ArgumentNullException">There is no text.</exception>
    /// <exception cref="CommsException">As <see cref="Parse"/>, of the first that is none.</exception>
    public static IReadOnlyList<CommsEndpoint> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Parse)];
    }

    /// <summary>The endpoint of an address that the system gave.</summary>
    internal static CommsEndpoint OfTcp(IPEndPoint address) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{TcpPrefix}{address}"), address, unixPath: null);

    /// <inheritdoc/>
    public bool Equals(CommsEndpoint? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CommsEndpoint);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The endpoint as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => _text;

    /// <summary>Returns when only this machine is there.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.InsecureEndpoint"/>, with what to do.</exception>
    internal void ThrowUnlessLocal(string remedy)
    {
        if (IsLocal) return;
        throw new CommsException(CommsErrorCode.InsecureEndpoint, $"'{_text}' is beyond this machine, and nothing would tell who is there: {remedy}, or use a loopback address.");
    }

    /// <summary>A new socket of the endpoint's family.</summary>
    internal Socket CreateSocket() => UnixPath is not null
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    private static CommsEndpoint ParseTcp(string text)
    {
        // The framework's parsers take "1" for 0.0.0.1, and an address without a port for port 0; neither is meant here.
        string rest = text[TcpPrefix.Length..];
        int colon = Math.Max(0, rest.LastIndexOf(':'));
        string host = rest[..colon];
        bool isNumeric = host.StartsWith('[')
            ? host.EndsWith(']')
            : host.Contains('.', StringComparison.Ordinal) && !host.Contains(':', StringComparison.Ordinal);
        if (!isNumeric
            || !IPAddress.TryParse(host, out IPAddress? address)
            || !ushort.TryParse(rest.AsSpan(Math.Min(rest.Length, colon + 1)), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new CommsException(
                CommsErrorCode.EndpointSyntax,
                $"'{text}' is no endpoint: tcp:// takes a numeric address and a port, such as tcp://127.0.0.1:7600 or tcp://[::1]:7600.");
        }

        return OfTcp(new IPEndPoint(address, port));
    }

    private static CommsEndpoint ParseUnix(string text)
    {
        string path = text[UnixPrefix.Length..];
        if (!Path.IsPathRooted(path) || path.EndsWith('/') || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new CommsException(
                CommsErrorCode.EndpointSyntax, $"'{text}' is no endpoint: unix: takes the absolute path of a socket, such as unix:/run/tyer/tyerd.sock.");
        }

        int bytes = Encoding.UTF8.GetByteCount(path);
        if (bytes > UnixPathBytesMax)
        {
            throw new CommsException(
                CommsErrorCode.EndpointSyntax,
                $"'{text}' is no endpoint: its path has {bytes} bytes, and the system's limit is {UnixPathBytesMax}; choose a shorter folder.");
        }

        return new CommsEndpoint(text, new UnixDomainSocketEndPoint(path), path);
    }
}
