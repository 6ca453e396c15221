namespace Tyer.Node.Tests;

public sealed class ValueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_value_is_written_by_the_release_and_read_by_the_next_grant()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var anchor = await node.Locks.LockAsync("r", LockMode.Null, Token);
        var writer = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        Assert.Equal(LockValueState.NeverWritten, writer.Value.State);
        writer.SetValue("state 1"u8);
        await writer.ReleaseAsync(Token);

        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.Equal(LockValueState.Valid, reader.Value.State);
        Assert.Equal("state 1"u8.ToArray(), reader.Value.Bytes.ToArray());
        Assert.Equal(1UL, reader.Value.Version);
    }

    [Fact]
    public async Task A_release_without_a_new_value_leaves_the_old_one()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var anchor = await node.Locks.LockAsync("r", LockMode.Null, Token);
        var writer = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        writer.SetValue("kept"u8);
        await writer.ReleaseAsync(Token);
        await (await node.Locks.LockAsync("r", LockMode.Exclusive, Token)).ReleaseAsync(Token);

        await using var reader = await node.Locks.LockAsync("r", LockMode.ConcurrentRead, Token);

        Assert.Equal("kept"u8.ToArray(), reader.Value.Bytes.ToArray());
        Assert.Equal(1UL, reader.Value.Version);
    }

    [Fact]
    public async Task A_down_conversion_writes_too()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var writer = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        writer.SetValue("early"u8);
        await writer.ConvertAsync(LockMode.ConcurrentRead, Token);

        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.Equal("early"u8.ToArray(), reader.Value.Bytes.ToArray());
    }

    [Fact]
    public async Task An_invalidated_value_says_so_until_the_next_write()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var anchor = await node.Locks.LockAsync("r", LockMode.Null, Token);
        var writer = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        writer.SetValue("doubtful"u8);
        await writer.ConvertAsync(LockMode.Null, Token);
        await writer.ConvertAsync(LockMode.ProtectedWrite, Token);
        writer.InvalidateValue();
        await writer.ReleaseAsync(Token);

        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.Equal(LockValueState.Invalid, reader.Value.State);
        Assert.Equal("doubtful"u8.ToArray(), reader.Value.Bytes.ToArray());
    }

    [Fact]
    public async Task An_idle_resource_has_no_value()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var writer = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        writer.SetValue("gone"u8);
        await writer.ReleaseAsync(Token);

        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.Equal(LockValueState.NeverWritten, reader.Value.State);
    }

    [Fact]
    public async Task A_value_that_cannot_be_written_is_refused_where_it_is_set()
    {
        await using var node = await EmbeddedNode.StartAsync(options: new LockspaceOptions { ValueSize = 16 });
        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        Assert.Throws<InvalidOperationException>(() => reader.SetValue("x"u8));
        await reader.ConvertAsync(LockMode.Exclusive, Token);
        Assert.Throws<ArgumentException>(() => reader.SetValue(new byte[17]));
        reader.SetValue(new byte[16]);
    }
}
