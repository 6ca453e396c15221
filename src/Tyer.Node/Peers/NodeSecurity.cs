using Tyer.Comms;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Security;

namespace Tyer.Node.Peers;

/// <summary>How a node knows its peers, and clients of other machines, as its options say.</summary>
internal sealed class NodeSecurity
{
    private static readonly Dictionary<string, SecurityMode> Names = new(StringComparer.Ordinal)
    {
        ["none"] = SecurityMode.None,
        ["psk"] = SecurityMode.Psk,
        ["psk+seal"] = SecurityMode.PskSeal,
        ["mtls"] = SecurityMode.Mtls,
    };

    private NodeSecurity(PeerSecurity peers, CertificateStore? certificates)
    {
        Peers = peers;
        Certificates = certificates;
    }

    /// <summary>Nobody proves anything.</summary>
    internal static NodeSecurity None { get; } = new(PeerSecurity.None, certificates: null);

    /// <summary>How it knows its peers.</summary>
    internal PeerSecurity Peers { get; }

    /// <summary>Its certificate and whose certificates it believes, if it has one: clients over TCP need one then, too.</summary>
    internal CertificateStore? Certificates { get; }

    /// <summary>The mode as the configuration calls it.</summary>
    internal string ModeName => Names.First(each => each.Value == Peers.Mode).Key;

    /// <summary>Returns when the options fit together.</summary>
    /// <exception cref="ArgumentException">They contradict each other, or an address is not to be used that way; the message says what to do.</exception>
    internal static void Check(TyerNodeOptions options)
    {
        var mode = ModeOf(options);
        var isLocal = options.Stack == "local";
        if (options.KeyFile is not null && (isLocal || mode is not (SecurityMode.Psk or SecurityMode.PskSeal)))
        {
            var why = isLocal ? "the stack is 'local', which has no peers" : $"Security is '{options.Security}'";
            throw new ArgumentException($"KeyFile is given ({options.KeyFile}), but {why}: leave one of them out.", nameof(options));
        }

        if (options.KeyFile is null && mode is SecurityMode.Psk or SecurityMode.PskSeal)
            throw new ArgumentException($"Security is '{options.Security}', which needs keys: make a key file with 'tyer keygen FILE', copy it to every node, and set KeyFile.", nameof(options));
        string?[] certificates = [options.Certificate, options.PrivateKey, options.Authority];
        if ((certificates.Any(file => file is not null) || options.Revoked is not null || mode == SecurityMode.Mtls) && certificates.Contains(null))
        {
            throw new ArgumentException(
                "A certificate needs three files: set Certificate, PrivateKey and Authority; 'tyer cert FOLDER --cluster NAME --node ID' makes them where there is no authority yet.",
                nameof(options));
        }

        foreach (var paths in options.Peers.Values.Prepend(options.Listen).OfType<string>())
        {
            Try(nameof(options), () =>
            {
                foreach (var endpoint in CommsEndpoint.ParseList(paths))
                    PeerSecurity.ThrowIfInsecure(mode, endpoint);
            });
        }

        foreach (var endpoint in options.ClientEndpoints)
            Try(nameof(options), () => ThrowIfInsecure(CommsEndpoint.Parse(endpoint), options));
    }

    /// <summary>Reads keys and certificates.</summary>
    /// <exception cref="CommsException">They cannot be used; the message says where and why.</exception>
    internal static NodeSecurity Open(TyerNodeOptions options)
    {
        var mode = ModeOf(options);
        var certificates = options.Certificate is { } file
            ? new CertificateStore(new CertificateFiles(file, options.PrivateKey!, options.Authority!, options.Revoked))
            : null;
        if (certificates is not null && certificates.Cluster != options.Cluster)
        {
            throw new CommsException(
                CommsErrorCode.CertificateInvalid, $"Certificate file {options.Certificate}: it speaks of cluster '{certificates.Cluster}', and this node is of cluster '{options.Cluster}'.");
        }

        var peers = mode switch
        {
            SecurityMode.None => PeerSecurity.None,
            SecurityMode.Mtls => PeerSecurity.ByCertificates(certificates!),
            _ => PeerSecurity.ByKeys(mode, options.KeyFile!),
        };
        return new NodeSecurity(peers, certificates);
    }

    /// <summary>Reads them again. What cannot be read stays as it was.</summary>
    /// <exception cref="CommsException">Something cannot be used; the message says where and why.</exception>
    internal void Reload()
    {
        Peers.Reload();
        if (Peers.Mode != SecurityMode.Mtls)
            Certificates?.Reload();
    }

    /// <summary>The mode that is asked for; where none is, the best that can be done with what is given.</summary>
    private static SecurityMode ModeOf(TyerNodeOptions options)
    {
        if (options.Security is { } name)
        {
            return Names.TryGetValue(name, out var known)
                ? known
                : throw new ArgumentException($"Security is '{name}'; it takes {string.Join(", ", Names.Keys)}.", nameof(options));
        }

        return options.KeyFile is not null && options.Stack != "local" ? SecurityMode.PskSeal
            : options.Certificate is not null && options.Stack != "local" ? SecurityMode.Mtls
            : SecurityMode.None;
    }

    private static void ThrowIfInsecure(CommsEndpoint endpoint, TyerNodeOptions options)
    {
        if (options.Certificate is null)
            endpoint.ThrowUnlessLocal(CommsEndpoint.CertificateRemedy);
    }

    private static void Try(string parameter, Action check)
    {
        try
        {
            check();
        }
        catch (CommsException fault)
        {
            throw new ArgumentException(fault.Message, parameter, fault);
        }
    }
}
