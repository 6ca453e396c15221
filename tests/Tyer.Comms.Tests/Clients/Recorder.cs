using System.Threading.Channels;
using Tyer.Comms.Clients;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Clients;

/// <summary>Keeps what it hears; answers if told how.</summary>
internal sealed class Recorder : ILinkReceiver
{
    private readonly Channel<(ulong Sequence, byte[] Body)> _messages = Channel.CreateUnbounded<(ulong, byte[])>();
    private readonly TaskCompletionSource<LinkEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called for each message before it is kept.</summary>
    public Action<ulong, byte[]>? Answer { get; set; }

    public int Batches { get; private set; }

    public Task<LinkEnd> End => _end.Task;

    public async Task<(ulong Sequence, byte[] Body)> Next() =>
        await Wait.For(_messages.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    public void OnMessage(in MessageView message)
    {
        byte[] body = message.Body.ToArray();
        Answer?.Invoke(message.Sequence, body);
        Assert.True(_messages.Writer.TryWrite((message.Sequence, body)));
    }

    public void OnBatchEnd() => Batches++;

    public void OnSendable()
    {
    }

    public void OnClosed(in LinkEnd end) => Assert.True(_end.TrySetResult(end));
}

/// <summary>Takes clients in; by default admits them and echoes.</summary>
internal sealed class Acceptor : IClientAcceptor
{
    private readonly Channel<(ClientLink Link, Recorder Recorder)> _accepted = Channel.CreateUnbounded<(ClientLink, Recorder)>();

    public bool Admits { get; init; } = true;

    public bool Echoes { get; init; } = true;

    public async Task<(ClientLink Link, Recorder Recorder)> Next() =>
        await Wait.For(_accepted.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    public ILinkReceiver OnAccepted(ClientLink client)
    {
        if (Admits) client.Admit();
        var recorder = new Recorder();
        if (Echoes) recorder.Answer = (sequence, body) => Assert.Equal(Comms.Sending.SendResult.Accepted, client.TrySend(1, sequence, 0, body));
        Assert.True(_accepted.Writer.TryWrite((client, recorder)));
        return recorder;
    }
}
