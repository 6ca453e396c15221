using Tyer.Comms.Links;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>Who a client is: what the operating system says of it, and where that says nothing, what it says of itself.</summary>
internal static class ClientIdentity
{
    /// <param name="node">The node that it talks to.</param>
    /// <param name="credentials">What the operating system says, of a client of this machine.</param>
    /// <param name="certifiedName">What its certificate says, of a client of another: it stands for the user. The rest nobody can vouch for.</param>
    /// <param name="hello">What it says of itself.</param>
    internal static LockOwner Of(string node, PeerCredentials? credentials, string? certifiedName, in HelloMessage hello)
    {
        if (credentials is not { } peer)
            return new LockOwner(node, hello.Host, hello.ProcessId, hello.ProcessName, certifiedName is null ? hello.User : Cut(certifiedName), hello.Label, Verified: false);
        var user = Cut(UserNames.Of(peer.UserId));
        // A process of another container has no number here; its user is certain all the same.
        return peer.ProcessId == 0
            ? new LockOwner(node, hello.Host, hello.ProcessId, hello.ProcessName, user, hello.Label, Verified: false)
            : new LockOwner(node, Cut(Environment.MachineName), peer.ProcessId, ProcessName(peer.ProcessId) ?? hello.ProcessName, user, hello.Label, Verified: true);
    }

    /// <summary>Who may administer: root, and the user that the node runs as. Over TCP nobody.</summary>
    internal static bool MayAdminister(PeerCredentials? credentials) =>
        credentials is { } peer && (peer.UserId == 0 || peer.UserId == EffectiveUser.Id);

    private static string? ProcessName(int processId)
    {
        try
        {
            return Cut(File.ReadAllText($"/proc/{processId}/comm").TrimEnd('\n'));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Gone already, or not to be seen.
            return null;
        }
    }

    /// <summary>Identities travel from node to node, where all of one has 400 bytes; these texts are plain ASCII in all but odd cases.</summary>
    private static string Cut(string text)
    {
        while (System.Text.Encoding.UTF8.GetByteCount(text) > WireLimits.IdentityBytesMax)
            text = text[..^1];
        return text;
    }
}
