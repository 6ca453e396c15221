using System.Globalization;
using Tyer;
using Tyer.Client.Helper;

// A process for tests to freeze and to kill. It says a line when it has done what it was asked for, and stays until its input ends.
switch (args)
{
    case ["hold", var endpoint, var lockspace, var resource, var timeout]:
        await using (var client = await TyerClient.ConnectAsync(new TyerClientOptions
        {
            Endpoint = endpoint, SessionTimeout = TimeSpan.FromMilliseconds(int.Parse(timeout, CultureInfo.InvariantCulture)), Label = "helper",
        }))
        {
            var locks = await client.OpenLockspaceAsync(lockspace);
            var handle = await locks.LockAsync(resource);
            handle.Lost.Register(() => Console.WriteLine($"lost {handle.LostBecause}"));
            Console.WriteLine($"held {handle.Token}");
            await Console.In.ReadToEndAsync();
        }

        break;

    case ["node", var endpoint]:
        await using (await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true, Shards = 1, ClientEndpoints = { endpoint } }))
        {
            Console.WriteLine("ready");
            await Console.In.ReadToEndAsync();
        }

        break;

    case ["idle", var path, var count]:
        var idle = new List<RawConnection>();
        for (var each = int.Parse(count, CultureInfo.InvariantCulture); each > 0; each--)
        {
            // One after the other: of those that have not said who they are, few may be there.
            idle.Add(RawConnection.Open(path));
            idle[^1].Greet(TimeSpan.Zero);
        }

        Console.WriteLine("open");
        await Console.In.ReadToEndAsync();
        GC.KeepAlive(idle);
        break;

    default:
        Console.Error.WriteLine("hold ENDPOINT LOCKSPACE RESOURCE TIMEOUT | node ENDPOINT | idle PATH COUNT");
        return 2;
}

return 0;
