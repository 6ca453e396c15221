using System.Diagnostics;

namespace Tyer.Client.Tests.Support;

/// <summary>A process of its own, to be frozen and killed: see Tyer.Client.Helper.</summary>
internal sealed class HelperProcess : IDisposable
{
    private readonly Process _process;

    private HelperProcess(Process process) => _process = process;

    internal int Id => _process.Id;

    /// <summary>Starts it, and waits until it has done what it was asked for.</summary>
    internal static async Task<HelperProcess> StartAsync(string expected, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tyer.Client.Helper.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var helper = new HelperProcess(Process.Start(start)!);
        Assert.StartsWith(expected, await helper.ReadLineAsync(), StringComparison.Ordinal);
        return helper;
    }

    internal async Task<string?> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().SoonAsync();

    internal void Freeze() => Signal("STOP");

    internal void Thaw() => Signal("CONT");

    internal void Kill() => Signal("KILL");

    public void Dispose()
    {
        // Reaches a frozen process too, and does nothing to one that has gone.
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
