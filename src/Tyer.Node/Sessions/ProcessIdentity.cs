using System.Diagnostics;

namespace Tyer.Node.Sessions;

/// <summary>Who this process is.</summary>
internal static class ProcessIdentity
{
    internal static LockOwner OfThisProcess(string node)
    {
        using var process = Process.GetCurrentProcess();
        return new LockOwner(node, Environment.MachineName, process.Id, process.ProcessName, Environment.UserName, Label: null, Verified: true);
    }
}
