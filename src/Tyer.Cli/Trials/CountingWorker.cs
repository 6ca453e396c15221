using System.Globalization;
using System.Text;

namespace Tyer.Cli.Trials;

/// <summary>
/// A worker process of a trial: takes a lock, reads a number from a file, notes in its journal what it is about to write, and writes the
/// number plus one. Nothing but the lock keeps two workers from reading the same number.
/// </summary>
internal static class CountingWorker
{
    /// <summary>The hidden command under which this program is a worker.</summary>
    public const string Verb = "demo-worker";

    /// <summary>The resource that guards the file.</summary>
    public const string Resource = "demo/counter";

    /// <summary>What a worker calls itself.</summary>
    public static string LabelOf(int number) => string.Create(CultureInfo.InvariantCulture, $"worker {number}");

    /// <summary>How a worker is started: its daemon's socket, the file, its journal, its number.</summary>
    public static string[] Arguments(string socket, string file, string journal, int number) =>
        [Verb, socket, file, journal, number.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Works until its standard input ends.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        var (socket, file, journal, number) = (args[1], args[2], args[3], args[4]);
        using var stop = new CancellationTokenSource();
        _ = Task.Run(() =>
        {
            Console.In.ReadToEnd();
            stop.Cancel();
        });
        TyerClient client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = $"unix:{socket}", Label = LabelOf(int.Parse(number, CultureInfo.InvariantCulture)) }, stop.Token).ConfigureAwait(false);
        await using var connected = client.ConfigureAwait(false);
        ILockspace locks = await client.OpenLockspaceAsync("default", cancellationToken: stop.Token).ConfigureAwait(false);
        await using var opened = locks.ConfigureAwait(false);
        using FileStream notes = new(journal, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var options = new LockOptions { Purpose = "counting" };
        try
        {
            while (!stop.IsCancellationRequested)
            {
                LockHandle mine = await locks.LockAsync(Resource, LockMode.Exclusive, options, stop.Token).ConfigureAwait(false);
                await using (mine.ConfigureAwait(false))
                    CountOne(file, notes);
            }
        }
        catch (OperationCanceledException)
        {
            // The trial is over; a wait that ends so has changed nothing.
        }

        return ExitCodes.Ok;
    }

    private static void CountOne(string file, FileStream notes)
    {
        long next = long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) + 1;
        notes.Write(Encoding.ASCII.GetBytes(next.ToString(CultureInfo.InvariantCulture) + "\n"));
        Write(file, next);
    }

    /// <summary>Writes the number over the old one, always as many digits: a kill leaves the one or the other.</summary>
    public static void Write(string file, long number)
    {
        using var open = new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        open.Write(Encoding.ASCII.GetBytes(number.ToString("D12", CultureInfo.InvariantCulture)));
    }
}
