using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Truth;

/// <summary>
/// A lock as a caller of the classic interface has it: a name for its id, and beside it the value buffer that calls hand over and
/// completions fill. This is what a device or a <c>libdlm</c> adds to the engine, so that lines can be compared with a kernel's.
/// </summary>
internal sealed class ClassicLock(string name)
{
    // Zero for a new lock.
    private readonly byte[] _buffer = new byte[TruthProgram.ValueSize];

    // The mode of the last completion; null before the first.
    private LockMode? _told;

    // A kernel knows of the buffer from the first lock or convert call with VALBLK on.
    private bool _isBuffered;

    internal string Name => name;

    internal LockId Id { get; set; }

    internal ReadOnlySpan<byte> Buffer => _buffer;

    /// <summary>A call sets the buffer, even one that then fails.</summary>
    internal void Prepare(TruthStep step)
    {
        step.Value?.CopyTo(_buffer, 0);
        if (step.Call is TruthCall.Lock or TruthCall.Convert && step.Flags.HasFlag(RawFlags.ValBlk))
            _isBuffered = true;
    }

    /// <summary>The line of a completion; the buffer takes the value that it delivered.</summary>
    internal string Complete(CompletedEvent completed)
    {
        var completion = completed.Completion;
        var words = new List<string> { name, "completes", StatusName(completion.Status), completion.Mode?.ToShortName() ?? "gone" };
        if (completion.Flags.HasFlag(StatusFlags.Demoted))
            words.Add("DEMOTED");
        if (completion.Flags.HasFlag(StatusFlags.AlternateMode))
            words.Add("ALTMODE");
        if (completion.Flags.HasFlag(StatusFlags.ValueNotValid))
            words.Add("VALNOTVALID");
        if (completion is { Status: RequestStatus.Granted, Mode: { } mode } && _isBuffered && !Writes(_told, mode))
        {
            if (completion.ValueRead && completed.Value.Length > 0)
                completed.Value.CopyTo(_buffer, 0);
            words.Add("lvb=" + Hex(_buffer));
        }

        _told = completion.Mode;
        return string.Join(' ', words);
    }

    /// <summary>A value as the programs write it: trailing zeros left out.</summary>
    internal static string Hex(ReadOnlySpan<byte> value)
    {
        var significant = value.TrimEnd((byte)0);
        return significant.IsEmpty ? "00" : Convert.ToHexStringLower(significant);
    }

    /// <summary>A change of mode that takes the buffer's content delivers none: from PW or EX to anything, but for PW to EX.</summary>
    internal static bool Writes(LockMode? from, LockMode to) =>
        from == LockMode.Exclusive || (from == LockMode.ProtectedWrite && to != LockMode.Exclusive);

    private static string StatusName(RequestStatus status) => status switch
    {
        RequestStatus.Granted => "OK",
        RequestStatus.Unlocked => "UNLOCK",
        RequestStatus.Again => "EAGAIN",
        RequestStatus.Deadlock => "EDEADLK",
        RequestStatus.Cancelled => "CANCEL",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No program waits for time, fills a queue or adopts."),
    };
}
