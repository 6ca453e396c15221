namespace Tyer.Client.Tests.Support;

/// <summary>How long a test waits before it calls a failure what has not happened yet: much longer than it should take.</summary>
internal static class Patience
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    internal static Task SoonAsync(this Task task) => task.WaitAsync(Long, TestContext.Current.CancellationToken);

    internal static Task<T> SoonAsync<T>(this Task<T> task) => task.WaitAsync(Long, TestContext.Current.CancellationToken);

    internal static Task<T> SoonAsync<T>(this ValueTask<T> task) => task.AsTask().SoonAsync();

    internal static Task SoonAsync(this ValueTask task) => task.AsTask().SoonAsync();

    /// <summary>Completes when the token is cancelled.</summary>
    internal static async Task SoonAsync(this CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = token.Register(() => cancelled.TrySetResult());
        await cancelled.Task.SoonAsync();
    }
}
