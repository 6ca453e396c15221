using Snippets;

namespace Tyer.Docs.Tests;

/// <summary>What the front page shows does what it says.</summary>
public sealed class SnippetRunTests : IDisposable
{
    private const string StateVariable = "STATE_DIRECTORY";

    private readonly string _state = Directory.CreateTempSubdirectory("tyer-docs-").FullName;

    // The front page says nothing of a state directory, and tests leave nothing in the usual one.
    public SnippetRunTests() => Environment.SetEnvironmentVariable(StateVariable, _state);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(StateVariable, null);
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task The_first_lock_is_granted_with_a_token()
    {
        var example = new FirstLock();
        await example.RunAsync();
        Assert.NotEqual(default, example.Shipped);
    }

    [Fact]
    public async Task The_value_that_was_written_is_read_by_the_next()
    {
        await using var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1" }, Cancelled);
        await using var locks = await node.OpenLockspaceAsync("shop", cancellationToken: Cancelled);
        await using var reader = await locks.LockAsync("report", LockMode.Null, Cancelled);
        await TryLock.RunAsync(locks);
        await reader.ConvertAsync(LockMode.ConcurrentRead, Cancelled);
        Assert.Equal("page 7"u8, reader.Value.Bytes.Span);
    }

    [Fact]
    public async Task Nothing_is_written_while_somebody_else_writes()
    {
        await using var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1" }, Cancelled);
        await using var locks = await node.OpenLockspaceAsync("shop", cancellationToken: Cancelled);
        await using var writer = await locks.LockAsync("report", cancellationToken: Cancelled);
        await TryLock.RunAsync(locks);
        Assert.Equal(LockValueState.NeverWritten, writer.Value.State);
    }
}
