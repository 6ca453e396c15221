using System.Globalization;
using Tyer.Time;

namespace Tyer.Tests.Time;

public class BootClockTests
{
    [Fact]
    public void It_never_goes_back()
    {
        TimeSpan last = TimeSpan.Zero;
        for (int i = 0; i < 100_000; i++)
        {
            TimeSpan now = BootClock.Instance.Now;
            Assert.True(now >= last);
            last = now;
        }

        Assert.True(last > TimeSpan.Zero);
    }

    [Fact]
    public void On_Linux_it_is_the_boot_time_that_the_kernel_tells()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("The kernel's boot time is read on Linux.");
        // Some containers mount a file of their own there, which tells the container's age.
        bool isReplaced = File.ReadAllText("/proc/self/mounts").Contains(" /proc/uptime ", StringComparison.Ordinal);
        if (isReplaced) Assert.Skip("/proc/uptime is not the kernel's.");

        // It counts since boot, suspend included, in hundredths of a second.
        TimeSpan before = BootClock.Instance.Now;
        string text = File.ReadAllText("/proc/uptime");
        TimeSpan after = BootClock.Instance.Now;

        TimeSpan kernel = TimeSpan.FromSeconds(double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture));
        Assert.True(BootClock.CountsSuspend);
        Assert.InRange(kernel, before - TimeSpan.FromMilliseconds(20), after + TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public void Reading_it_allocates_nothing()
    {
        TimeSpan now = BootClock.Instance.Now;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) now = BootClock.Instance.Now;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(now > TimeSpan.Zero);
    }
}
