namespace Tyer.Cli.Tests.Fakes;

/// <summary>Waits that fail a test instead of hanging it.</summary>
internal static class Guarded
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static Task InTime(this Task task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    /// <summary>Waits until something is so that nobody announces, such as a file that another process makes.</summary>
    public static async Task Until(Func<bool> condition)
    {
        DateTime end = DateTime.UtcNow + Limit;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, "It did not happen in time.");
            await Task.Yield();
        }
    }
}
