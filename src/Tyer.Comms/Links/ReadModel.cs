namespace Tyer.Comms.Links;

/// <summary>
/// Who reads a socket. A link keeps its model for life: the first asynchronous operation makes the descriptor non-blocking for good.
/// </summary>
internal enum ReadModel
{
    /// <summary>A thread of its own that blocks: half the latency, one stack each.</summary>
    Thread,

    /// <summary>The pool: for many links that are mostly silent. Without a message under way it holds no buffer.</summary>
    Async,
}
