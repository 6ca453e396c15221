using System.Text.Json;
using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>hold</c>: one line when the lock is held, and then until somebody says that it is enough.</summary>
public sealed class HoldTests
{
    [Fact]
    public async Task It_prints_id_and_token_and_releases_at_the_end_of_input()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive);
        var harness = new CommandLineHarness { Input = "what is typed does not matter\n" };
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("hold", "x").InTime());
        Assert.Equal("id:4000000000002a 7.1042\n", harness.Out.ToString());
        Assert.True(handle.Released.Task.IsCompleted);
    }

    [Fact]
    public async Task As_json_it_is_one_line_too()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("hold", "x", "-o", "json").InTime());
        string line = harness.Out.ToString();
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        using JsonDocument held = JsonDocument.Parse(line);
        Assert.Equal("id:4000000000002a", held.RootElement.GetProperty("id").GetString());
        Assert.Equal("7.1042", held.RootElement.GetProperty("token").GetString());
        Assert.Equal(7696581395474, held.RootElement.GetProperty("tokenInt").GetInt64());
        Assert.Equal("EX", held.RootElement.GetProperty("mode").GetString());
    }

    [Fact]
    public async Task A_lock_that_is_lost_ends_it_with_4()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive);
        using var endless = new EndlessReader();
        var harness = new CommandLineHarness { InputReader = endless };
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        Task<int> hold = harness.RunAsync("hold", "x");
        await endless.Asked.InTime();
        handle.Lose(LossReason.Revoked);
        Assert.Equal(ExitCodes.Lost, await hold.InTime());
        Assert.StartsWith("tyer: TYER-LOST: EX on 'x'", harness.Error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A terminal at which nobody types.</summary>
    private sealed class EndlessReader : TextReader
    {
        private readonly TaskCompletionSource _asked = new();
        private readonly ManualResetEventSlim _end = new();

        public Task Asked => _asked.Task;

        public override string? ReadLine()
        {
            _asked.TrySetResult();
            _end.Wait();
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _end.Set();
            base.Dispose(disposing);
        }
    }
}
