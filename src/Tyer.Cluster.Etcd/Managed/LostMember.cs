using System.Net.Sockets;
using Tyer.Cluster.Etcd.Client;

namespace Tyer.Cluster.Etcd.Managed;

/// <summary>
/// A member of etcd that has lost its data, as on a machine with a new disk, must not come back as who it was: it would not know what it has promised, and
/// etcd refuses it. The others are told to forget it, and to expect a new member at its address.
/// </summary>
internal static class LostMember
{
    private static readonly TimeSpan LookFor = TimeSpan.FromSeconds(1);

    /// <summary>Sees to it that this node's member can start.</summary>
    /// <param name="options">What it is run with.</param>
    /// <param name="tell">Is told, for the log, what had to be done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it joins members that are there; otherwise it begins with all the others, or goes on with its data.</returns>
    /// <exception cref="EtcdException">The others did not do what they were asked.</exception>
    public static async Task<bool> ReplaceAsync(ManagedEtcdOptions options, Action<string> tell, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Path.Combine(options.DataDirectory, "member"))) return false;
        Uri[] others = [.. options.Endpoints.Where(endpoint => endpoint != options.OwnEndpoint)];
        // Whoever runs at this member's own address has its data: to forget him would be wrong.
        if (others.Length == 0 || await AnswersAsync(options.OwnEndpoint, cancellationToken).ConfigureAwait(false)) return false;

        using var client = new EtcdClient(new EtcdOptions
        {
            Endpoints = others, Authority = options.Authority, Certificate = options.Certificate, PrivateKey = options.PrivateKey,
        });
        MemberListResponse there;
        try
        {
            there = await client.MembersAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdException)
        {
            return false; // nobody is there yet
        }

        string peer = ManagedEtcdOptions.Text(options.OwnPeer);
        EtcdMember? known = there.Members?.FirstOrDefault(member => member.PeerUrls?.Contains(peer) == true);
        switch (known)
        {
            case { ClientUrls: null or [], Name.Length: > 0 }:
                return false; // of the first members, and has never started
            case { Name: null or "" }:
                return true; // expected
            case not null:
                await client.RemoveMemberAsync(known.Id, cancellationToken).ConfigureAwait(false);
                break;
        }

        await client.AddMemberAsync(peer, cancellationToken).ConfigureAwait(false);
        tell($"etcd has no data in {options.DataDirectory}: a new member takes the place of the one that the others knew at {peer}");
        return true;
    }

    private static async Task<bool> AnswersAsync(Uri address, CancellationToken cancellationToken)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        within.CancelAfter(LookFor);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, within.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
