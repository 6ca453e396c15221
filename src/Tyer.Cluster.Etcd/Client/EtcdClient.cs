using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tyer.Cluster.Etcd.Client;

/// <summary>
/// Calls etcd through its JSON gateway. A call is tried for a short time and then at the next endpoint at once: a member of etcd without a leader does
/// not refuse, it only hangs. A watch ends when the endpoint is changed, for one at a member that is cut off is silent for ever.
/// </summary>
internal sealed class EtcdClient : IDisposable
{
    private const int Unauthenticated = 16;

    private readonly EtcdOptions _options;
    private readonly HttpClient _http;
    private readonly Lock _gate = new();
    private readonly X509Certificate2? _certificate;
    private readonly X509Certificate2Collection? _authorities;
    private CancellationTokenSource _stay = new();
    private int _endpoint;
    private string? _token;

    /// <exception cref="IOException">A certificate cannot be read.</exception>
    public EtcdClient(EtcdOptions options)
    {
        _options = options;
        try
        {
            if (options.Certificate is { } certificate) _certificate = X509Certificate2.CreateFromPemFile(certificate, options.PrivateKey);
            if (options.Authority is { } authority)
            {
                _authorities = [];
                _authorities.ImportFromPemFile(authority);
            }
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new IOException($"A certificate for etcd cannot be read: {e.Message}", e);
        }

        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TryFor,
            PooledConnectionIdleTimeout = options.TimeToLive * 2,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = _certificate is null ? null : [_certificate],
                RemoteCertificateValidationCallback = _authorities is null ? null : (_, presented, chain, errors) => IsBelieved(presented, chain, errors),
            },
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>How long one member of etcd is tried: a tenth of the time to live, so that several are within it.</summary>
    private TimeSpan TryFor => TimeSpan.FromTicks(Math.Max(TimeSpan.FromMilliseconds(250).Ticks, _options.TimeToLive.Ticks / 10));

    public Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        CallAsync("kv/range", request, EtcdJson.Default.RangeRequest, EtcdJson.Default.RangeResponse, 2, cancellationToken);

    /// <summary>A transaction. If no answer comes it may have happened, so it is not tried elsewhere: the caller looks.</summary>
    public Task<TransactionResponse> TransactAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        CallAsync("kv/txn", request, EtcdJson.Default.TransactionRequest, EtcdJson.Default.TransactionResponse, 4, cancellationToken, elsewhere: false);

    public Task<LeaseResponse> GrantAsync(CancellationToken cancellationToken) => CallAsync(
        "lease/grant", new GrantRequest((long)_options.TimeToLive.TotalSeconds), EtcdJson.Default.GrantRequest, EtcdJson.Default.LeaseResponse, 4, cancellationToken);

    /// <summary>Renews a lease; false: there is none of that number.</summary>
    public async Task<bool> KeepAliveAsync(long lease, CancellationToken cancellationToken)
    {
        KeepAliveResponse answer = await CallAsync(
            "lease/keepalive", new LeaseRequest(lease), EtcdJson.Default.LeaseRequest, EtcdJson.Default.KeepAliveResponse, 1, cancellationToken).ConfigureAwait(false);
        return answer.Result is { TimeToLive: > 0 };
    }

    public Task RevokeAsync(long lease, CancellationToken cancellationToken) =>
        CallAsync("lease/revoke", new LeaseRequest(lease), EtcdJson.Default.LeaseRequest, EtcdJson.Default.RevokeResponse, 1, cancellationToken);

    public Task<MemberListResponse> MembersAsync(CancellationToken cancellationToken) =>
        CallAsync("cluster/member/list", new MemberListRequest(), EtcdJson.Default.MemberListRequest, EtcdJson.Default.MemberListResponse, 2, cancellationToken);

    public Task RemoveMemberAsync(ulong member, CancellationToken cancellationToken) => CallAsync(
        "cluster/member/remove", new MemberRemoveRequest(member), EtcdJson.Default.MemberRemoveRequest, EtcdJson.Default.MemberListResponse, 4, cancellationToken, elsewhere: false);

    public Task AddMemberAsync(string peer, CancellationToken cancellationToken) => CallAsync(
        "cluster/member/add", new MemberAddRequest([peer]), EtcdJson.Default.MemberAddRequest, EtcdJson.Default.MemberListResponse, 4, cancellationToken, elsewhere: false);

    /// <summary>What happens to keys from a revision on, until the endpoint is changed or the member of etcd has no leader any more.</summary>
    public async IAsyncEnumerable<WatchResponse> WatchAsync(byte[] key, byte[] end, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (Uri endpoint, _, CancellationToken stay) = Here();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stay);
        using HttpRequestMessage request = Request(
            endpoint, "watch", JsonSerializer.SerializeToUtf8Bytes(new WatchRequest(new WatchCreateRequest(key, end, from)), EtcdJson.Default.WatchRequest));
        // Ends the watch when this member of etcd has lost its leader.
        request.Headers.Add("Grpc-Metadata-hasleader", "true");
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode) throw await FaultAsync(endpoint, response, either.Token).ConfigureAwait(false);

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false));
        while (await reader.ReadLineAsync(either.Token).ConfigureAwait(false) is { } text)
        {
            if (text.Length == 0) continue;
            WatchLine? line = JsonSerializer.Deserialize(text, EtcdJson.Default.WatchLine);
            if (line?.Result is not { } result) throw new EtcdException($"the watch at {endpoint} ended: {line?.Error?.Message ?? line?.Error?.Error}", line?.Error?.Code ?? 0);
            yield return result;
        }
    }

    /// <summary>Goes on at the next endpoint; watches here end.</summary>
    public void MoveOn() => MoveOn(Here().Index);

    public void Dispose()
    {
        _http.Dispose();
        _stay.Dispose();
        _certificate?.Dispose();
    }

    private async Task<TAnswer> CallAsync<TRequest, TAnswer>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, int tries, CancellationToken cancellationToken,
        bool elsewhere = true)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(request, requestType);
        bool hasAuthenticated = false;
        for (int attempt = 1; ; attempt++)
        {
            (Uri endpoint, int index, _) = Here();
            try
            {
                if (_token is null && _options.User is not null) await AuthenticateAsync(endpoint, cancellationToken).ConfigureAwait(false);
                return await TryAsync(endpoint, path, body, answerType, TryFor * tries, cancellationToken).ConfigureAwait(false);
            }
            catch (EtcdException e) when (e.Code == Unauthenticated && _options.User is not null && !hasAuthenticated)
            {
                // Tokens of etcd run out.
                hasAuthenticated = true;
                _token = null;
            }
            catch (EtcdException e) when (e.IsOfEndpoint)
            {
                MoveOn(index);
                if (!elsewhere || attempt >= _options.Endpoints.Count) throw;
            }
        }
    }

    private async Task<TAnswer> TryAsync<TAnswer>(
        Uri endpoint, string path, byte[] body, JsonTypeInfo<TAnswer> answerType, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        within.CancelAfter(limit);
        try
        {
            using HttpRequestMessage request = Request(endpoint, path, body);
            using HttpResponseMessage response = await _http.SendAsync(request, within.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode) throw await FaultAsync(endpoint, response, within.Token).ConfigureAwait(false);
            using Stream stream = await response.Content.ReadAsStreamAsync(within.Token).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(stream, answerType, within.Token).ConfigureAwait(false)
                ?? throw new EtcdException($"etcd at {endpoint} answered with nothing");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EtcdException($"etcd at {endpoint} did not answer within {limit.TotalSeconds:0.0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new EtcdException($"etcd at {endpoint}: {e.Message}", inner: e);
        }
    }

    private async Task AuthenticateAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new AuthenticateRequest(_options.User!, _options.Password ?? ""), EtcdJson.Default.AuthenticateRequest);
        _token = (await TryAsync(endpoint, "auth/authenticate", body, EtcdJson.Default.AuthenticateResponse, TryFor * 2, cancellationToken).ConfigureAwait(false)).Token;
    }

    private HttpRequestMessage Request(Uri endpoint, string path, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint, $"v3/{path}"))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        if (_token is { } token) request.Headers.TryAddWithoutValidation("Authorization", token);
        return request;
    }

    private static async Task<EtcdException> FaultAsync(Uri endpoint, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        GatewayError? error = null;
        try
        {
            error = JsonSerializer.Deserialize(text, EtcdJson.Default.GatewayError);
        }
        catch (JsonException)
        {
            // Something else is listening there; its status tells as much as there is to tell.
        }

        int code = response.StatusCode == HttpStatusCode.Unauthorized ? Unauthenticated : error?.Code ?? 0;
        return new EtcdException($"etcd at {endpoint} refuses: {error?.Message ?? error?.Error ?? response.ReasonPhrase}", code);
    }

    private (Uri Endpoint, int Index, CancellationToken Stay) Here()
    {
        lock (_gate) return (_options.Endpoints[_endpoint], _endpoint, _stay.Token);
    }

    private void MoveOn(int from)
    {
        CancellationTokenSource left;
        lock (_gate)
        {
            // Somebody else has been here before, and has moved on.
            if (_endpoint != from) return;
            _endpoint = (_endpoint + 1) % _options.Endpoints.Count;
            left = _stay;
            _stay = new CancellationTokenSource();
        }

        left.Cancel();
        left.Dispose();
    }

    private bool IsBelieved(X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
    {
        if (presented is not X509Certificate2 certificate || chain is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
