using Tyer.Sessions;

namespace Tyer.Client.Connections;

/// <summary>
/// The locks of a session by key: the number that the client names a lock by before it knows the id, and the node after. Keys are used
/// again; operations are counted per key for ever, so that an answer to a former use of a key is known for one. Not safe for threads.
/// </summary>
internal sealed class KeyTable
{
    private const int None = -1;
    private Slot[] _slots = new Slot[64];
    private int _firstFree = None;
    private int _used;

    /// <summary>Keys that were ever given out: every lock has one below this.</summary>
    internal uint End => (uint)_used;

    /// <summary>A slot whose key <see cref="TryFind"/> or <see cref="Rent"/> gave. Good until the next <see cref="Rent"/>.</summary>
    internal ref Slot this[uint key] => ref _slots[key];

    /// <summary>A free key.</summary>
    internal uint Rent()
    {
        int key;
        if (_firstFree != None)
        {
            key = _firstFree;
            _firstFree = _slots[key].NextFree;
        }
        else
        {
            if (_used == _slots.Length)
                Array.Resize(ref _slots, 2 * _slots.Length);
            key = _used++;
        }

        _slots[key].InUse = true;
        return (uint)key;
    }

    /// <summary>Whether the key is in use.</summary>
    internal bool TryFind(uint key) => key < _used && _slots[key].InUse;

    /// <summary>Frees a key; only its count of operations stays.</summary>
    internal void Return(uint key)
    {
        ref var slot = ref _slots[key];
        slot = new Slot { Operation = slot.Operation, NextFree = _firstFree };
        _firstFree = (int)key;
    }

    /// <summary>A lock, as far as the client has to know it to match the node's answers.</summary>
    internal struct Slot
    {
        /// <summary>Whom to tell; null when it has been told all that it will be.</summary>
        internal ISessionLock? Target;

        /// <summary>The lockspace that it is in.</summary>
        internal OpenSpace Space;

        /// <summary>The token of the latest grant.</summary>
        internal FencingToken Token;

        /// <summary>Counts the operations on this key.</summary>
        internal uint Operation;

        /// <summary>The operation under way: new lock or conversion; 0 = none.</summary>
        internal uint Pending;

        /// <summary>The unlock under way; 0 = none.</summary>
        internal uint Unlock;

        /// <summary>What <see cref="Pending"/> is.</summary>
        internal RequestKind PendingKind;

        /// <summary>The mode granted; meaningful while no new lock is pending.</summary>
        internal LockMode Mode;

        /// <summary>Whether the unlock under way commits a value.</summary>
        internal bool UnlockGivesValue;

        /// <summary>Whether a cancel has not been answered yet.</summary>
        internal bool CancelSent;

        /// <summary>Whether the lock has ended, and only a cancel's answer is missing.</summary>
        internal bool HasEnded;

        /// <summary>Whether the node has said anything about the call last sent.</summary>
        internal bool Unanswered;

        internal bool InUse;
        internal int NextFree;
    }
}
