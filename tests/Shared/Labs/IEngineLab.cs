namespace Tyer.Tests.Shared.Labs;

/// <summary>An engine's daemon for each node of a <see cref="NetworkLab"/>, and the faults that can befall them.</summary>
internal interface IEngineLab : IAsyncDisposable
{
    NetworkLab Network { get; }

    /// <summary>Starts the daemon of a node that does not run; with the state that it left.</summary>
    void Start(int node);

    Task KillAsync(int node);

    /// <summary>The daemon stands still; nobody is told.</summary>
    void Freeze(int node);

    void Thaw(int node);
}
