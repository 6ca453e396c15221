namespace Tyer.System.Tests.Support;

/// <summary>How long a test waits before it calls a failure what has not happened yet: much longer than it should take.</summary>
internal static class Patience
{
    internal static TimeSpan Long { get; } = TimeSpan.FromSeconds(60);

    /// <summary>The pause between two looks at what cannot be waited for: a file, another process's table.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    internal static Task SoonAsync(this Task task) => task.WaitAsync(Long, TestContext.Current.CancellationToken);

    internal static Task<T> SoonAsync<T>(this Task<T> task) => task.WaitAsync(Long, TestContext.Current.CancellationToken);

    internal static Task SoonAsync(this ValueTask task) => task.AsTask().SoonAsync();

    internal static Task<T> SoonAsync<T>(this ValueTask<T> task) => task.AsTask().SoonAsync();

    /// <summary>Looks until it is so.</summary>
    internal static async Task UntilAsync(string what, Func<Task<bool>> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Long);
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not come to pass within {Long}: {what}.");
            await Task.Delay(LookInterval, TestContext.Current.CancellationToken);
        }
    }

    /// <inheritdoc cref="UntilAsync(string, Func{Task{bool}})"/>
    internal static Task UntilAsync(string what, Func<bool> isSo) => UntilAsync(what, () => Task.FromResult(isSo()));
}
