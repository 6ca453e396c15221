using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Tests.Clients;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Endpoints;

/// <summary>Tests that use up the process's descriptors, so nothing else may run beside them.</summary>
[CollectionDefinition("Descriptors", DisableParallelization = true)]
public class DescriptorsCollection;

[Collection("Descriptors")]
public sealed partial class ListenerTests
{
    private const int OpenFilesLimit = 7;

    [Fact]
    public async Task Without_descriptors_it_waits_and_accepts_when_there_are_some_again()
    {
        // Once with descriptors, so that nothing has to be loaded while there are none.
        await ConnectAll(limited: false);
        long failures = await ConnectAll(limited: true);

        // A failure each 100 ms, for as long as the limit stood: not one for each of a million rounds.
        Assert.InRange(failures, 1, 50);
    }

    [Fact]
    public async Task Ten_thousand_idle_clients_are_held_and_left()
    {
        // Both ends are in this process, and it needs some descriptors itself.
        int count = (int)Math.Min(10_000, (GetLimit().Current - 1000) / 2);
        var acceptor = new Acceptor { Echoes = false };
        using var listener = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0") }, acceptor);
        List<Socket> clients = [];
        for (int i = 0; i < count; i++)
        {
            Socket client = listener.Endpoint.CreateSocket();
            clients.Add(client);
            client.Connect(listener.Endpoint.Address);
        }

        await Wait.Until(() => listener.Statistics.Connected == count, $"{count} clients connected");
        Assert.Equal(CommsLimits.ThreadedClientsMax, listener.Statistics.Threaded);
        Assert.Equal(0, listener.Statistics.Refused);
        Assert.Equal(0, listener.RentedSegments);

        // The last one is served as if it were alone.
        clients[^1].Send(Frames.TestFrames.Message(7, [1]));
        Recorder last = (await Last(acceptor, count)).Recorder;
        Assert.Equal(7ul, (await last.Next()).Sequence);

        foreach (Socket client in clients) client.Dispose();
        await Wait.Until(() => listener.Statistics.Connected == 0, "all clients gone");
        Assert.Equal(0, listener.Statistics.Threaded);
    }

    private static async Task<(ClientLink Link, Recorder Recorder)> Last(Acceptor acceptor, int count)
    {
        (ClientLink, Recorder) last = default;
        for (int i = 0; i < count; i++) last = await acceptor.Next();
        return last;
    }

    private static async Task<long> ConnectAll(bool limited)
    {
        const int Count = 20;
        using var listener = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0") }, new Acceptor());
        Socket[] clients = [.. Enumerable.Range(0, Count).Select(_ => listener.Endpoint.CreateSocket())];
        Limit old = GetLimit();
        Limit low = old;
        if (limited)
        {
            // The limit is on the number of a new descriptor, and the lowest free one is taken.
            HashSet<int> open = [.. Directory.GetFiles("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path)))];
            low.Current = (ulong)Enumerable.Range(0, int.MaxValue).First(number => !open.Contains(number));
        }

        // On a thread of its own: a pool that is short of threads could start none while there are no descriptors, and that would end the process.
        await Task.Factory.StartNew(
            () =>
            {
                try
                {
                    SetLimit(low);
                    foreach (Socket client in clients) client.Connect(listener.Endpoint.Address);
                    Assert.True(!limited || SpinWait.SpinUntil(() => listener.Statistics.AcceptFailures >= 3, Wait.Limit), "Never came true: three failures to accept");
                }
                finally
                {
                    SetLimit(old);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        // One that was accepted when no thread could be had may have ended again; none was forgotten.
        await Wait.Until(() => listener.Statistics.Accepted == Count, "everybody accepted");
        foreach (Socket client in clients) client.Dispose();
        return listener.Statistics.AcceptFailures;
    }

    private static Limit GetLimit()
    {
        Assert.Equal(0, GetResourceLimit(OpenFilesLimit, out Limit limit));
        return limit;
    }

    private static void SetLimit(Limit limit) => Assert.Equal(0, SetResourceLimit(OpenFilesLimit, limit));

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetResourceLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetResourceLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
