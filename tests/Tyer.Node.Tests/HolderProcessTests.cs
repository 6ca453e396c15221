using System.Diagnostics;
using Tyer.Node.Clients;

namespace Tyer.Node.Tests;

/// <summary>Killing a holder, and nobody who has come to have its number.</summary>
public sealed class HolderProcessTests : IDisposable
{
    private readonly Process _holder = Process.Start("sleep", ["600"]);

    [Fact]
    public async Task It_is_killed()
    {
        Assert.Null(HolderProcess.Of(_holder.Id)!.Kill());
        await _holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(128 + 9, _holder.ExitCode);
        // Again, when there is nobody any more.
        Assert.Null(HolderProcess.Of(_holder.Id));
    }

    [Fact]
    public void A_process_that_has_its_number_but_was_started_at_another_time_is_left_alone()
    {
        Assert.Null(new HolderProcess(_holder.Id, startedAt: 1).Kill());
        Assert.False(_holder.HasExited);
        Assert.Null(HolderProcess.Of(0));
    }

    [Fact]
    public void One_that_is_gone_already_needs_no_killing() => Assert.Null(new HolderProcess(int.MaxValue, startedAt: 1).Kill());

    public void Dispose()
    {
        if (!_holder.HasExited)
            _holder.Kill();
        _holder.Dispose();
    }
}
