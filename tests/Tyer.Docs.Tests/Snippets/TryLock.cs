using Tyer;

namespace Snippets;

/// <summary>A lock that may be busy, a conversion, and a value.</summary>
internal static class TryLock
{
    internal static async Task RunAsync(ILockspace locks)
    {
        #region TryLock
        await using LockHandle? report = await locks.TryLockAsync("report", LockMode.ProtectedRead, wait: TimeSpan.FromSeconds(2));
        if (report is null)
            return;    // busy for all of two seconds: somebody is writing it

        await report.ConvertAsync(LockMode.Exclusive);    // now we write; everybody else is out
        report.SetValue("page 7"u8);                      // the next to lock it reads this
        await report.ConvertAsync(LockMode.ProtectedRead);
        #endregion
    }
}
