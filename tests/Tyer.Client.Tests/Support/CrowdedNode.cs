using System.Threading.Channels;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;

namespace Tyer.Client.Tests.Support;

/// <summary>A node that takes nobody: each connection waits until a test has it refused.</summary>
internal sealed class CrowdedNode : IClientAcceptor, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer-crowded-");
    private readonly ClientListener _listener;
    private readonly Channel<ClientLink> _waiting = Channel.CreateUnbounded<ClientLink>();

    internal CrowdedNode()
    {
        _listener = new ClientListener(new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("unix:" + Path.Combine(_folder.FullName, "s")) }, this);
    }

    internal string Endpoint => _listener.Endpoint.ToString();

    /// <summary>Refuses the next connection, once there is one.</summary>
    internal async Task RefuseAsync(RefusalCode code, CancellationToken stop)
    {
        var link = await _waiting.Reader.ReadAsync(stop).AsTask().SoonAsync();
        link.Refuse(code);
    }

    /// <summary>Refuses whoever comes, as crowded, until the node is disposed of.</summary>
    internal async Task RefuseAllAsync(CancellationToken stop)
    {
        await foreach (var link in _waiting.Reader.ReadAllAsync(stop))
            link.Refuse(RefusalCode.TooManyStrangers);
    }

    public void Dispose()
    {
        if (!_waiting.Writer.TryComplete())
            return;
        _listener.Dispose();
        _folder.Delete(recursive: true);
    }

    ILinkReceiver IClientAcceptor.OnAccepted(ClientLink client) => new Guest(client, _waiting.Writer);

    /// <summary>Waits from its hello on: who is refused before may not hear the words, as the socket is closed while it still speaks.</summary>
    private sealed class Guest(ClientLink link, ChannelWriter<ClientLink> waiting) : ILinkReceiver
    {
        public void OnMessage(in MessageView message) => waiting.TryWrite(link);

        public void OnBatchEnd()
        {
        }

        public void OnSendable()
        {
        }

        public void OnClosed(in LinkEnd end)
        {
        }
    }
}
