namespace Tyer.Comms.Tests.Support;

/// <summary>Waits for what will happen; the limit only turns a hang into a failure.</summary>
internal static class Wait
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<T> For<T>(Task<T> task) => await task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static async Task For(Task task) => await task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    /// <summary>For facts that raise no event, such as counters: looked at until true.</summary>
    public static async Task Until(Func<bool> fact, string what)
    {
        long start = Environment.TickCount64;
        while (!fact())
        {
            Assert.True(Environment.TickCount64 - start < Limit.TotalMilliseconds, $"Never came true: {what}");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
