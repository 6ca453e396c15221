using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tyer.Client.Connections;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Administration;

/// <summary>Carries the questions of operators to the node, and its answers back.</summary>
internal sealed class ClientAdministration(ClientCore client) : ITyerAdministration
{
    public ValueTask<ClusterStatus> StatusAsync(CancellationToken cancellationToken = default) =>
        AskForOneAsync("The status", QuestionKind.Status, [], AdministrationJson.Default.ClusterStatus, cancellationToken);

    public ValueTask<IReadOnlyList<NodeInfo>> NodesAsync(CancellationToken cancellationToken = default) =>
        AskForOneAsync("The list of nodes", QuestionKind.Nodes, [], AdministrationJson.Default.IReadOnlyListNodeInfo, cancellationToken);

    public IAsyncEnumerable<SessionInfo> SessionsAsync(CancellationToken cancellationToken = default) =>
        AskAsync("The list of sessions", QuestionKind.Sessions, [], AdministrationJson.Default.SessionInfo, cancellationToken);

    public ValueTask<RevokeResult> RevokeAsync(LockId id, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (Encoding.UTF8.GetByteCount(reason) > Limits.LabelBytesMax)
            throw new ArgumentException($"A reason has at most {Limits.LabelBytesMax} bytes.", nameof(reason));
        return OrderAsync(
            $"The revocation of {id}", QuestionKind.Revoke, new RevokeOrder(id, reason), AdministrationJson.Default.RevokeOrder, AdministrationJson.Default.RevokeResult, cancellationToken);
    }

    public ValueTask<OrphanPurgeResult> PurgeOrphansAsync(IReadOnlyList<LockId> orphans, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(orphans);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(orphans.Count, OrphanPurgeResult.OrphansMax, nameof(orphans));
        return OrderAsync(
            "The purge of orphans", QuestionKind.PurgeOrphans, new OrphanPurgeOrder(orphans), AdministrationJson.Default.OrphanPurgeOrder, AdministrationJson.Default.OrphanPurgeResult,
            cancellationToken);
    }

    public IAsyncEnumerable<LockspaceResource> QueryAsync(string? lockspace, ResourceQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        query.Validate();
        var question = JsonSerializer.SerializeToUtf8Bytes(new ResourceQuestion(lockspace, query), AdministrationJson.Default.ResourceQuestion);
        return AskAsync("The query", QuestionKind.Resources, question, AdministrationJson.Default.LockspaceResource, cancellationToken);
    }

    public ValueTask<MembershipResult> SetViewAsync(ViewOrder view, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        var order = JsonSerializer.SerializeToUtf8Bytes(view, AdministrationJson.Default.ViewOrder);
        if (order.Length > WireLimits.QuestionBytesMax)
            throw new ArgumentException($"The view takes {order.Length} bytes; the limit is {WireLimits.QuestionBytesMax}. Leave the addresses out.", nameof(view));
        return AskForOneAsync($"View {view.Id}", QuestionKind.SetView, order, AdministrationJson.Default.MembershipResult, cancellationToken);
    }

    public ValueTask<MembershipResult> RenewViewAsync(ulong view, TimeSpan safeFor, CancellationToken cancellationToken = default) => OrderAsync(
        $"The renewal of view {view}", QuestionKind.Renew, new RenewalOrder(view, safeFor), AdministrationJson.Default.RenewalOrder, AdministrationJson.Default.MembershipResult,
        cancellationToken);

    public ValueTask<MembershipResult> FenceAsync(string who, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        if (who.Length > 2 * Limits.SystemNameLengthMax)
            throw new ArgumentException("An incarnation looks like n3.1765.", nameof(who));
        return OrderAsync(
            $"The proof for {who}", QuestionKind.Fence, new FenceOrder(who), AdministrationJson.Default.FenceOrder, AdministrationJson.Default.MembershipResult, cancellationToken);
    }

    public ValueTask<FenceTestResult> TestFencingAsync(string who, string action, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(action);
        if (who.Length > Limits.SystemNameLengthMax || action.Length > Limits.SystemNameLengthMax)
            throw new ArgumentException($"The name of a node has at most {Limits.SystemNameLengthMax} characters, and so has an action.", nameof(who));
        return OrderAsync(
            $"The test of the fence agents of {who}", QuestionKind.TestFencing, new FenceTestOrder(who, action), AdministrationJson.Default.FenceTestOrder,
            AdministrationJson.Default.FenceTestResult, cancellationToken);
    }

    public ValueTask<IReadOnlyList<RecoveryInfo>> RecoveriesAsync(CancellationToken cancellationToken = default) =>
        AskForOneAsync("The list of recoveries", QuestionKind.Recoveries, [], AdministrationJson.Default.IReadOnlyListRecoveryInfo, cancellationToken);

    public ValueTask<IReadOnlyList<PeerInfo>> PeersAsync(CancellationToken cancellationToken = default) =>
        AskForOneAsync("The list of peers", QuestionKind.Peers, [], AdministrationJson.Default.IReadOnlyListPeerInfo, cancellationToken);

    public ValueTask<IReadOnlyList<PeerInfo>> OrderPeerAsync(PeerOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        return OrderAsync($"The order about peer {order.Peer}", QuestionKind.OrderPeer, order, AdministrationJson.Default.PeerOrder, AdministrationJson.Default.IReadOnlyListPeerInfo, cancellationToken);
    }

    public ValueTask<PeerOptions> SetPeerOptionsAsync(PeerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return OrderAsync("The options of peers", QuestionKind.PeerOptions, options, AdministrationJson.Default.PeerOptions, AdministrationJson.Default.PeerOptions, cancellationToken);
    }

    public ValueTask<IReadOnlyList<ProbeInfo>> ProbeAsync(ProbeOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        return OrderAsync($"The probe of peer {order.Peer}", QuestionKind.Probe, order, AdministrationJson.Default.ProbeOrder, AdministrationJson.Default.IReadOnlyListProbeInfo, cancellationToken);
    }

    public IAsyncEnumerable<ClusterEvent> EventsAsync(bool follow, CancellationToken cancellationToken = default)
    {
        var order = JsonSerializer.SerializeToUtf8Bytes(new EventsOrder(follow), AdministrationJson.Default.EventsOrder);
        return AskAsync("The list of events", QuestionKind.Events, order, AdministrationJson.Default.ClusterEvent, cancellationToken);
    }

    private ValueTask<T> OrderAsync<TOrder, T>(
        string what, QuestionKind kind, TOrder order, JsonTypeInfo<TOrder> orderType, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(order, orderType);
        if (json.Length > WireLimits.QuestionBytesMax)
            throw new ArgumentException($"The order takes {json.Length} bytes; the limit is {WireLimits.QuestionBytesMax}.", nameof(order));
        return AskForOneAsync(what, kind, json, type, cancellationToken);
    }

    private async ValueTask<T> AskForOneAsync<T>(
        string what, QuestionKind kind, byte[] question, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await foreach (var answer in AskAsync(what, kind, question, type, cancellationToken).ConfigureAwait(false))
            return answer;
        throw Malformed(what);
    }

    private async IAsyncEnumerable<T> AskAsync<T>(
        string what, QuestionKind kind, byte[] question, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var session = client.SessionFor(what);
        var answer = new AnswerStream();
        var request = session.Requests.Add(answer);
        try
        {
            Send(session, request, kind, question, what);
            await foreach (var document in answer.Documents.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return Read(document, type) ?? throw Malformed(what);
        }
        finally
        {
            if (!answer.IsOver)
                Forget(session, request, answer);
        }
    }

    private static T? Read<T>(ReadOnlyMemory<byte> document, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(document.Span, type);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private LockUnavailableException Malformed(string what) =>
        new(UnavailableReason.Unreachable, what, $"node {client.Node.Node} (version {client.Node.NodeVersion}) answered something that this client does not understand");

    private static void Send(ClientSession session, uint request, QuestionKind kind, byte[] question, string what)
    {
        Span<byte> message = stackalloc byte[AskMessage.BytesMax];
        session.Ask(request, message[..new AskMessage { Question = kind, Request = request, Json = question }.Write(message)], what);
    }

    private static void Forget(ClientSession session, uint request, AnswerStream answer)
    {
        // The number stays taken until the node has said its last word on it.
        answer.Abandon();
        Span<byte> message = stackalloc byte[ForgetMessage.Bytes];
        session.Send(message[..new ForgetMessage(request).Write(message)]);
    }
}
