using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;

namespace Tyer.Comms.Bench;

/// <summary>A client's link: frames and checksums, no session.</summary>
internal sealed class ClientWay : IWay, IClientAcceptor, ILinkReceiver
{
    private readonly byte[] _body = new byte[64];
    private readonly PingPong _pingPong = new();
    private ClientLink? _link;

    public void Serve(string near, string far)
    {
        using var listener = new ClientListener(new ClientListenerOptions { Endpoint = CommsEndpoint.Parse(far) }, this);
        Thread.Sleep(Timeout.Infinite);
    }

    public ILinkReceiver OnAccepted(ClientLink client)
    {
        client.Admit();
        return new Echo(client);
    }

    public void Connect(string near, string far)
    {
        while (_link is null)
        {
            try
            {
                _link = ClientLink.ConnectAsync(CommsEndpoint.Parse(far), this).GetAwaiter().GetResult();
            }
            catch (CommsException)
            {
                // The other process is not there yet.
                Thread.Sleep(20);
            }
        }
    }

    public void Measure(long[] times) => _pingPong.Measure(times, Send);

    public void OnMessage(in MessageView message)
    {
        if (_pingPong.Answered()) Send();
    }

    public void OnBatchEnd()
    {
    }

    public void OnSendable()
    {
    }

    public void OnClosed(in LinkEnd end)
    {
    }

    public void Dispose() => _link?.Close();

    private void Send() => _link!.TrySend(1, 0, 0, _body);

    private sealed class Echo(ClientLink link) : ILinkReceiver
    {
        public void OnMessage(in MessageView message) => link.TrySend(1, message.Sequence, 0, message.Body);

        public void OnBatchEnd()
        {
        }

        public void OnSendable()
        {
        }

        public void OnClosed(in LinkEnd end) => Environment.Exit(0);
    }
}
