namespace Tyer.System.Tests.Support;

/// <summary>A resource with a holder on node 1 and two who wait, on nodes 2 and 3.</summary>
public sealed class Queue(ThreeNodes nodes) : IAsyncLifetime
{
    internal const string Resource = "looked-at";

    internal RunningProgram Holder { get; private set; } = null!;

    internal RunningProgram First { get; private set; } = null!;

    internal RunningProgram Second { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Holder = await nodes.HoldAsync(1, Resource, "--label", "the holder", "--purpose", "to be seen");
        First = await nodes.WaitAsync(2, "hold", Resource, "--mode", "PR");
        Second = await nodes.WaitAsync(3, "hold", Resource, "--label", "the last");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var each in (RunningProgram?[])[Second, First, Holder])
        {
            if (each is not null)
                await each.DisposeAsync();
        }
    }
}
