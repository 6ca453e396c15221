using System.Diagnostics;

namespace Tyer.Cluster.Tests.Watchdogs;

/// <summary>Pipes with names.</summary>
internal static class TestFifo
{
    internal static string Make(string path)
    {
        using Process process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return path;
    }
}
