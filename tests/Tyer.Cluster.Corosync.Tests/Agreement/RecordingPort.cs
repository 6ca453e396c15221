using Tyer.Cluster.Corosync.Agreement;

namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>Keeps what an agreement wants done.</summary>
internal sealed class RecordingPort : IAgreementPort
{
    public List<GroupMessage> Said { get; } = [];

    public List<ClusterView> Views { get; } = [];

    public List<ulong> OnDisk { get; } = [];

    public List<Proof> Proofs { get; } = [];

    public string? Removed { get; private set; }

    public bool IsFinal { get; private set; }

    public string? ContactLost { get; private set; }

    public string? Waiting { get; private set; }

    public bool HasLeft { get; private set; }

    public void Multicast(GroupMessage message) => Said.Add(message);

    public void Promise(ulong view) => OnDisk.Add(view);

    public void OnView(ClusterView view, string why) => Views.Add(view);

    public void OnProven(Proof proof) => Proofs.Add(proof);

    public void OnContactLost(string why) => ContactLost = why;

    public void OnContact() => ContactLost = null;

    public void OnWaiting(string why) => Waiting = why;

    public void OnRemoved(string why, bool isFinal) => (Removed, IsFinal) = (why, isFinal);

    public void OnLeft() => HasLeft = true;
}
