namespace Tyer.Cluster.Etcd.Client;

/// <summary>Etcd gave no answer, or refused. The message is a clause for operators.</summary>
internal sealed class EtcdException : Exception
{
    public EtcdException(string message, int code = 0, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The code of its protocol (5: not found, 16: who are you); 0 where none came.</summary>
    public int Code { get; }

    /// <summary>Whether it is worth asking another of its members: not where the request itself is wrong or forbidden.</summary>
    public bool IsOfEndpoint => Code is not (3 or 5 or 7 or 9 or 11 or 16);
}
