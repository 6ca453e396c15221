using Tyer.Cluster.Watchdogs;

namespace Tyer.Cluster.Tests.Watchdogs;

/// <summary>Feeding, against a FIFO: what a watchdog would have been given is read from its other end.</summary>
public sealed class WatchdogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-watchdog-").FullName;
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task It_is_fed_while_the_node_may_act_and_disarmed_when_it_stops_in_order()
    {
        string path = Fifo();
        var feeder = new WatchdogFeeder(Options(path), _clock);
        feeder.Extend(_clock.Now + TimeSpan.FromSeconds(10));
        using FileStream bowl = File.OpenRead(path);
        byte[] fed = new byte[3];
        await bowl.ReadExactlyAsync(fed, TestContext.Current.CancellationToken);
        Assert.Equal([0, 0, 0], fed);
        feeder.Dispose();
        byte[] rest = await ToEndAsync(bowl);
        Assert.Equal((byte)'V', rest[^1]);
        Assert.All(rest[..^1], each => Assert.Equal(0, each));
    }

    [Fact]
    public async Task Past_the_end_it_is_not_fed()
    {
        string path = Fifo();
        var feeder = new WatchdogFeeder(Options(path), _clock);
        feeder.Extend(_clock.Now);
        using FileStream bowl = File.OpenRead(path);
        feeder.Dispose();
        Assert.Equal("V"u8.ToArray(), await ToEndAsync(bowl));
    }

    [Fact]
    public async Task A_node_that_is_out_lets_it_starve_and_does_not_disarm_it()
    {
        string path = Fifo();
        var feeder = new WatchdogFeeder(Options(path), _clock);
        feeder.Extend(_clock.Now + TimeSpan.FromSeconds(10));
        using FileStream bowl = File.OpenRead(path);
        Assert.Equal(0, bowl.ReadByte());
        feeder.Starve();
        feeder.Extend(_clock.Now + TimeSpan.FromHours(1));
        feeder.Dispose();
        Assert.DoesNotContain((byte)'V', await ToEndAsync(bowl));
    }

    [Fact]
    public void It_is_not_set_going_before_the_node_may_act()
    {
        // A device that is opened is armed: that it is not there is noticed at the first word that the node may act, and no earlier.
        using var feeder = new WatchdogFeeder(Options(Path.Combine(_folder, "absent")), _clock);
        IOException fault = Assert.Throws<IOException>(() => feeder.Extend(_clock.Now + TimeSpan.FromSeconds(1)));
        Assert.Contains("modprobe softdog", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_watchdog_is_refused()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Contains("neither a device nor a FIFO", Assert.Throws<IOException>(() => WatchdogDevice.Open(file, TimeSpan.FromSeconds(10))).Message, StringComparison.Ordinal);
        // A device, but not one that can be told how long to wait.
        Assert.Contains("it is no watchdog", Assert.Throws<IOException>(() => WatchdogDevice.Open("/dev/null", TimeSpan.FromSeconds(10))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_that_do_not_fit_are_refused()
    {
        WatchdogOptions good = Options(Fifo());
        good.Validate();
        Assert.Throws<ArgumentException>((good with { Timeout = TimeSpan.FromMilliseconds(1500) }).Validate);
        Assert.Throws<ArgumentException>((good with { Interval = TimeSpan.FromSeconds(6) }).Validate);
        Assert.Throws<ArgumentException>((good with { Path = Path.Combine(_folder, "absent") }).Validate);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static WatchdogOptions Options(string path) => new() { Path = path, Timeout = TimeSpan.FromSeconds(10), Interval = TimeSpan.FromMilliseconds(10) };

    private string Fifo() => TestFifo.Make(Path.Combine(_folder, "watchdog"));

    private static async Task<byte[]> ToEndAsync(FileStream stream)
    {
        using var rest = new MemoryStream();
        await stream.CopyToAsync(rest, TestContext.Current.CancellationToken);
        return rest.ToArray();
    }
}
