using Tyer.Comms;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Security;

namespace Tyer.Node.Peers;

/// <summary>How a node knows its peers, as its options say.</summary>
internal static class NodeSecurity
{
    private static readonly Dictionary<string, SecurityMode> Names = new(StringComparer.Ordinal)
    {
        ["none"] = SecurityMode.None,
        ["psk"] = SecurityMode.Psk,
        ["psk+seal"] = SecurityMode.PskSeal,
    };

    /// <summary>The mode that the options ask for; where they name a key file only, the best that can be done with it.</summary>
    /// <exception cref="ArgumentException">They contradict each other, or an address is not to be used that way; the message says what to do.</exception>
    internal static SecurityMode ModeOf(TyerNodeOptions options)
    {
        var mode = options.Security is not { } name ? options.KeyFile is null ? SecurityMode.None : SecurityMode.PskSeal
            : Names.TryGetValue(name, out var known) ? known
            : throw new ArgumentException($"Security is '{name}'; it takes {string.Join(", ", Names.Keys)}.", nameof(options));
        if (options.KeyFile is not null && (mode == SecurityMode.None || options.Stack == "local"))
        {
            throw new ArgumentException(
                $"KeyFile is given ({options.KeyFile}), but {(options.Stack == "local" ? "the stack is 'local', which has no peers" : "Security is 'none'")}: leave one of them out.", nameof(options));
        }

        if (mode != SecurityMode.None && options.KeyFile is null)
            throw new ArgumentException($"Security is '{options.Security}', which needs keys: make a key file with 'tyer keygen FILE', copy it to every node, and set KeyFile.", nameof(options));

        foreach (var endpoints in options.Peers.Values.Prepend(options.Listen).OfType<string>())
            ThrowIfInsecure(mode, endpoints, nameof(options));
        return mode;
    }

    /// <summary>A mode as the configuration calls it.</summary>
    internal static string NameOf(SecurityMode mode) => Names.First(each => each.Value == mode).Key;

    /// <summary>Reads the keys.</summary>
    /// <exception cref="CommsException">They cannot be used; the message says where and why.</exception>
    internal static PeerSecurity Open(TyerNodeOptions options) =>
        ModeOf(options) is var mode && mode == SecurityMode.None ? PeerSecurity.None : PeerSecurity.ByKeys(mode, options.KeyFile!);

    private static void ThrowIfInsecure(SecurityMode mode, string endpoints, string parameter)
    {
        try
        {
            foreach (var each in CommsEndpoint.ParseList(endpoints)) PeerSecurity.ThrowIfInsecure(mode, each);
        }
        catch (CommsException fault)
        {
            throw new ArgumentException(fault.Message, parameter, fault);
        }
    }
}
