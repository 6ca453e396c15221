namespace Tyer;
#pragma warning disable
[Flags] public enum RawFlags : uint { None=0, NoQueue=1, Cancel=2, Convert=4, ValBlk=8, QueCvt=0x10, IvValBlk=0x20, ConvDeadlk=0x40, Persistent=0x80, NoDlckWt=0x100, NoDlckBlk=0x200, Expedite=0x400, NoQueueBast=0x800, HeadQue=0x1000, NoOrder=0x2000, Orphan=0x4000, AltPr=0x8000, AltCw=0x10000, ForceUnlock=0x20000 }
public enum RawResult { Accepted, InvalidMode, InvalidFlags, InvalidConversion, Busy, UnknownLock, UnknownLockspace, TooManyLocks, ValueTooLong }
public enum CancelOutcome { Cancelled, AlreadyGranted, NotFound }
