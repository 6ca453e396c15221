namespace Tyer;

/// <summary>The flags of the classic interface, with the values that Linux's <c>dlmconstants.h</c> gives them.</summary>
[Flags]
public enum RawFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Do not wait: complete with <see cref="RawStatus.Again"/> instead.</summary>
    NoQueue = 0x1,

    /// <summary>Not used in calls: <see cref="IRawLockspace.CancelAsync"/> takes its place.</summary>
    Cancel = 0x2,

    /// <summary>Convert the lock that the status block names; the resource's name is ignored.</summary>
    Convert = 0x4,

    /// <summary>Take part in value transfer, through <see cref="LockStatusBlock.Value"/>.</summary>
    ValBlk = 0x8,

    /// <summary>Do not overtake conversions that wait.</summary>
    QueCvt = 0x10,

    /// <summary>Mark the value invalid when PW or EX is given up.</summary>
    IvValBlk = 0x20,

    /// <summary>When two conversions wait for each other, give up the old mode instead of failing.</summary>
    ConvDeadlk = 0x40,

    /// <summary>The lock stays as an orphan when its owner dies.</summary>
    Persistent = 0x80,

    /// <summary>Stay out of the deadlock search: wait instead of failing with <see cref="RawStatus.Deadlock"/>.</summary>
    NoDlckWt = 0x100,

    /// <summary>Accepted and without effect, as in Linux.</summary>
    NoDlckBlk = 0x200,

    /// <summary>Grant a new NL request past every queue.</summary>
    Expedite = 0x400,

    /// <summary>With <see cref="NoQueue"/>: send blocking notices before failing.</summary>
    NoQueueBast = 0x800,

    /// <summary>Queue at the head.</summary>
    HeadQue = 0x1000,

    /// <summary>Grant as soon as compatible, whoever waits.</summary>
    NoOrder = 0x2000,

    /// <summary>Adopt an orphan on the resource, of this mode.</summary>
    Orphan = 0x4000,

    /// <summary>Be content with PR.</summary>
    AltPr = 0x8000,

    /// <summary>Be content with CW.</summary>
    AltCw = 0x10000,

    /// <summary>Unlock even while an operation on the lock is under way.</summary>
    ForceUnlock = 0x20000,

    /// <summary>Give up with <see cref="RawStatus.TimedOut"/> after <see cref="LockStatusBlock.Timeout"/>.</summary>
    Timeout = 0x40000,
}
