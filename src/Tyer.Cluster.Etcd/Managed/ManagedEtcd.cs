using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Tyer.Cluster.Etcd.Client;

namespace Tyer.Cluster.Etcd.Managed;

/// <summary>
/// The installed <c>etcd</c> as a child of this process: started anew when it ends, and ended with this process, however that ends. It decides nothing
/// that an etcd of an administrator would not.
/// </summary>
public sealed partial class ManagedEtcd : IAsyncDisposable
{
    private const string Program = "etcd";

    // Has the kernel end the child with the thread that has started it.
    private const string ParentDeath = "setpriv";
    private const int Terminate = 15;

    private static readonly TimeSpan StartAgainAfter = TimeSpan.FromSeconds(1);

    // Where it cannot run, the log is not filled with that.
    private static readonly TimeSpan StartAgainAfterMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HasRun = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopFor = TimeSpan.FromSeconds(5);

    private readonly ManagedEtcdOptions _options;
    private readonly Action<string> _tell;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private readonly string? _parentDeath;
    private Process? _process;

    private ManagedEtcd(ManagedEtcdOptions options, Action<string> tell, string? parentDeath)
    {
        _options = options;
        _tell = tell;
        _parentDeath = parentDeath;
        _thread = new Thread(Supervise) { Name = "tyer-etcd", IsBackground = true };
    }

    /// <summary>Starts it, and returns at once: that it serves, the engine finds out.</summary>
    /// <param name="options">What it is run with.</param>
    /// <param name="tell">Is told, for the log, when it has ended, and what it says that is grave; from any thread.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <exception cref="IOException">It is not installed; the message names the package.</exception>
    public static ManagedEtcd Start(ManagedEtcdOptions options, Action<string> tell)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tell);
        options.Validate();
        if (Find(Program) is null)
        {
            throw new IOException(
                $"The program '{Program}' is not installed: install the package etcd-server (apt-get install etcd-server), or let EtcdEndpoints name an etcd that somebody else runs, and leave EtcdMembers out.");
        }

        var managed = new ManagedEtcd(options, tell, Find(ParentDeath));
        managed._thread.Start();
        return managed;
    }

    /// <summary>Ends it in order, and if it does not end, not in order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Process? process;
        lock (_gate)
        {
            process = _process;
            if (process is { HasExited: false }) _ = SendSignal(process.Id, Terminate);
        }

        if (process is not null)
        {
            using var limit = new CancellationTokenSource(StopFor);
            try
            {
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }
        }

        await Task.Run(_thread.Join).ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Supervise()
    {
        TimeSpan wait = StartAgainAfter;
        while (!_stop.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            try
            {
                // It has to be started by this thread, with which the kernel ends it.
                using Process process = Launch(LostMember.ReplaceAsync(_options, _tell, _stop.Token).GetAwaiter().GetResult());
                process.WaitForExit();
                lock (_gate) _process = null;
                if (_stop.IsCancellationRequested) return;
                wait = Stopwatch.GetElapsedTime(began) < HasRun ? wait : StartAgainAfter;
                _tell($"etcd has ended with {process.ExitCode}, and is started again in {wait.TotalSeconds:0} s");
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is Win32Exception or InvalidOperationException or EtcdException or IOException)
            {
                _tell($"etcd cannot be started, and is tried again in {wait.TotalSeconds:0} s: {e.Message}");
            }

            _stop.Token.WaitHandle.WaitOne(wait);
            wait = wait * 2 < StartAgainAfterMax ? wait * 2 : StartAgainAfterMax;
        }
    }

    private Process Launch(bool joins)
    {
        var start = new ProcessStartInfo(_parentDeath ?? Program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (_parentDeath is not null)
        {
            foreach (string argument in (string[])["--pdeathsig", "KILL", Program]) start.ArgumentList.Add(argument);
        }

        foreach (string argument in _options.Arguments(joins)) start.ArgumentList.Add(argument);
        // Debian's own etcd is configured by these, and they would be added to what it is told here.
        foreach (string name in start.Environment.Keys.Where(IsOption).ToArray()) start.Environment.Remove(name);
        lock (_gate)
        {
            if (_stop.IsCancellationRequested) throw new InvalidOperationException("this node stops");
            Process process = _process = Process.Start(start)!;
            process.StandardInput.Close();
            process.OutputDataReceived += (_, line) => Hear(line.Data);
            process.ErrorDataReceived += (_, line) => Hear(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;
        }
    }

    /// <summary>It says much; what is about its end is passed on.</summary>
    private void Hear(string? line)
    {
        if (line is null) return;
        bool isGrave = line.Contains(" C | ", StringComparison.Ordinal) || line.Contains(" E | ", StringComparison.Ordinal)
            || line.Contains("\"level\":\"fatal\"", StringComparison.Ordinal) || line.Contains("\"level\":\"error\"", StringComparison.Ordinal)
            || line.Contains("\"level\":\"panic\"", StringComparison.Ordinal);
        if (isGrave) _tell($"etcd says: {line}");
    }

    private static bool IsOption(string variable) => variable.StartsWith("ETCD_", StringComparison.Ordinal) && variable != "ETCD_UNSUPPORTED_ARCH";

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
