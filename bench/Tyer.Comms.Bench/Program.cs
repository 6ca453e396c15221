using System.Diagnostics;
using System.Globalization;
using Tyer.Comms.Bench;

// Times 64-byte round trips between two processes: over a bare blocking socket, and over the same kind of socket through frames,
// checksums and sessions. The rounds of all ways take turns, so that whatever else the machine does falls on all of them; what is compared is the median
// of the rounds' medians, each with the bare socket of the same address family.
//
//   Tyer.Comms.Bench [ROUNDS [ROUND-TRIPS]]      10 rounds of 20,000 by default
//   Tyer.Comms.Bench echo WAY NEAR FAR           the other process; started by the first

if (args is ["echo", _, _, _])
{
    using IWay served = Ways.Create(args[1]);
    served.Serve(args[2], args[3]);
    return;
}

int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10;
int roundTrips = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 20_000;
string folder = Directory.CreateTempSubdirectory("tyer").FullName;
List<(string Name, IWay Way, Process Other, List<double> Medians, List<double> Tails)> runs = [];
try
{
    foreach (string name in Ways.Names)
    {
        (string near, string far) = Ways.Places(name, folder);
        Process other = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["echo", name, near, far]) { RedirectStandardInput = true })!;
        IWay way = Ways.Create(name);
        way.Connect(near, far);
        Rounds.Run(way, roundTrips);
        runs.Add((name, way, other, [], []));
    }

    for (int round = 0; round < rounds; round++)
    {
        foreach (var run in runs)
        {
            (double median, double tail) = Rounds.Run(run.Way, roundTrips);
            run.Medians.Add(median);
            run.Tails.Add(tail);
        }
    }

    Console.WriteLine($"{rounds} interleaved rounds of {roundTrips} round trips of 64 bytes, two processes; microseconds");
    Console.WriteLine($"{"way",-14} {"p50",8} {"least",8} {"most",8} {"p99",8} {"ratio",8}");
    foreach (var run in runs)
    {
        double median = Rounds.Median(run.Medians);
        var raw = runs.First(other => other.Name == (run.Name.StartsWith("tcp", StringComparison.Ordinal) ? "tcp raw" : "unix raw"));
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{run.Name,-14} {median,8:0.00} {run.Medians.Min(),8:0.00} {run.Medians.Max(),8:0.00} {Rounds.Median(run.Tails),8:0.00} {median / Rounds.Median(raw.Medians),8:0.00}");
        Console.WriteLine(line);
    }
}
finally
{
    foreach (var run in runs)
    {
        run.Way.Dispose();
        run.Other.Kill();
        run.Other.Dispose();
    }

    Directory.Delete(folder, recursive: true);
}
