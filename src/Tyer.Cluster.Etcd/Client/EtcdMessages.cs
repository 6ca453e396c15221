using System.Text.Json.Serialization;

namespace Tyer.Cluster.Etcd.Client;

// As etcd's JSON gateway has them: names as in its protocol, bytes in base64, 64-bit numbers as strings, and what is zero or empty left out.

internal sealed record ResponseHeader(long Revision);

internal sealed record KeyValue(byte[] Key, byte[]? Value = null, long CreateRevision = 0, long ModRevision = 0, long Lease = 0);

internal sealed record RangeRequest(byte[] Key, byte[]? RangeEnd = null, long Revision = 0);

internal sealed record RangeResponse(ResponseHeader Header, KeyValue[]? Kvs);

/// <param name="Target"><c>CREATE</c> or <c>MOD</c>, and the revision that goes with it.</param>
/// <param name="Result"><c>EQUAL</c>.</param>
/// <param name="Key">Whose.</param>
/// <param name="CreateRevision">0: the key is not there.</param>
/// <param name="ModRevision">0: the key is not there.</param>
internal sealed record Compare(string Target, string Result, byte[] Key, long? CreateRevision = null, long? ModRevision = null)
{
    public static Compare Created(byte[] key, long revision) => new("CREATE", "EQUAL", key, CreateRevision: revision);

    public static Compare Changed(byte[] key, long revision) => new("MOD", "EQUAL", key, ModRevision: revision);
}

internal sealed record PutRequest(byte[] Key, byte[] Value, long Lease = 0);

internal sealed record DeleteRequest(byte[] Key);

internal sealed record Operation(PutRequest? RequestPut = null, DeleteRequest? RequestDeleteRange = null)
{
    public static Operation Put(byte[] key, byte[] value, long lease = 0) => new(new PutRequest(key, value, lease));

    public static Operation Delete(byte[] key) => new(RequestDeleteRange: new DeleteRequest(key));
}

internal sealed record TransactionRequest(Compare[] Compare, Operation[] Success);

internal sealed record TransactionResponse(ResponseHeader Header, bool Succeeded = false);

internal sealed record GrantRequest([property: JsonPropertyName("TTL")] long TimeToLive);

internal sealed record LeaseRequest([property: JsonPropertyName("ID")] long Id);

internal sealed record LeaseResponse([property: JsonPropertyName("ID")] long Id, [property: JsonPropertyName("TTL")] long TimeToLive = 0);

/// <summary>One answer of a call that streams; of a renewal there is just one.</summary>
internal sealed record KeepAliveResponse(LeaseResponse? Result);

internal sealed record RevokeResponse(ResponseHeader Header);

internal sealed record WatchRequest(WatchCreateRequest CreateRequest);

internal sealed record WatchCreateRequest(byte[] Key, byte[] RangeEnd, long StartRevision);

internal sealed record WatchLine(WatchResponse? Result, GatewayError? Error);

/// <param name="Header">Its revision: all up to it has been told.</param>
/// <param name="Created">The first answer.</param>
/// <param name="Canceled">The last one.</param>
/// <param name="CompactRevision">Not 0: what was asked for is not kept any more.</param>
/// <param name="CancelReason">Why.</param>
/// <param name="Events">In the order in which they happened.</param>
internal sealed record WatchResponse(
    ResponseHeader Header, bool Created = false, bool Canceled = false, long CompactRevision = 0, string? CancelReason = null, WatchEvent[]? Events = null);

/// <param name="Type"><c>DELETE</c>; a put is left out.</param>
/// <param name="Kv">The key, and what it is now.</param>
internal sealed record WatchEvent(KeyValue Kv, string? Type = null)
{
    [JsonIgnore]
    public bool IsDelete => Type == "DELETE";
}

internal sealed record MemberListRequest;

internal sealed record MemberListResponse(EtcdMember[]? Members);

/// <param name="Id">Its number.</param>
/// <param name="Name">None: it has been added, and has never started.</param>
/// <param name="PeerUrls">Where the others reach it.</param>
/// <param name="ClientUrls">Where it serves; none: it has never started.</param>
internal sealed record EtcdMember(
    [property: JsonPropertyName("ID")] ulong Id,
    string? Name = null,
    [property: JsonPropertyName("peerURLs")] string[]? PeerUrls = null,
    [property: JsonPropertyName("clientURLs")] string[]? ClientUrls = null);

internal sealed record MemberRemoveRequest([property: JsonPropertyName("ID")] ulong Id);

internal sealed record MemberAddRequest([property: JsonPropertyName("peerURLs")] string[] PeerUrls);

internal sealed record AuthenticateRequest(string Name, string Password);

internal sealed record AuthenticateResponse(string Token);

internal sealed record GatewayError(string? Error = null, string? Message = null, int Code = 0);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RangeRequest))]
[JsonSerializable(typeof(RangeResponse))]
[JsonSerializable(typeof(TransactionRequest))]
[JsonSerializable(typeof(TransactionResponse))]
[JsonSerializable(typeof(GrantRequest))]
[JsonSerializable(typeof(LeaseRequest))]
[JsonSerializable(typeof(LeaseResponse))]
[JsonSerializable(typeof(KeepAliveResponse))]
[JsonSerializable(typeof(RevokeResponse))]
[JsonSerializable(typeof(WatchRequest))]
[JsonSerializable(typeof(WatchLine))]
[JsonSerializable(typeof(MemberListRequest))]
[JsonSerializable(typeof(MemberListResponse))]
[JsonSerializable(typeof(MemberRemoveRequest))]
[JsonSerializable(typeof(MemberAddRequest))]
[JsonSerializable(typeof(AuthenticateRequest))]
[JsonSerializable(typeof(AuthenticateResponse))]
[JsonSerializable(typeof(GatewayError))]
internal sealed partial class EtcdJson : JsonSerializerContext;
