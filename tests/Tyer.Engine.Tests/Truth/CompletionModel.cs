namespace Tyer.Engine.Tests.Truth;

/// <summary>What the kernel does with values, marks and told modes, and Tyer does not.</summary>
[Flags]
internal enum KernelHabits
{
    None = 0,
    HidesAlternateModes = 1,
    KeepsMarksOfUnusedResources = 2,
    TellsMarksOnlyWithBytes = 4,
    UnlocksWithoutBufferByPlace = 8,
    All = HidesAlternateModes | KeepsMarksOfUnusedResources | TellsMarksOnlyWithBytes | UnlocksWithoutBufferByPlace,
}

/// <summary>
/// Values and marks as they follow from who was granted what: given the modes of completions, it says the rest of their lines, under the
/// kernel's habits or without some of them. With all of them it must say what the kernel said, which proves the model; without any it says
/// what Tyer has to say. It shares nothing with the engine.
/// </summary>
internal sealed class CompletionModel(KernelHabits habits, IReadOnlyDictionary<string, uint> masters)
{
    private readonly Dictionary<string, ModelLock> _locks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ModelResource> _resources = masters.Keys.ToDictionary(name => name, _ => new ModelResource());

    /// <summary>A lock as its owner last heard of it; null for a name without a lock.</summary>
    internal ModelLock? Find(string name) => _locks.GetValueOrDefault(name);

    /// <summary>Takes in a call, which may have been refused or have had nothing to do.</summary>
    internal void Call(TruthStep step, bool isCarriedOut)
    {
        if (step.Call == TruthCall.Lock)
        {
            if (!isCarriedOut)
                return;
            _locks.Add(step.Lock, new ModelLock(step.Node, step.Resource));
            _resources[step.Resource].Locks++;
        }

        if (Find(step.Lock) is not { } called)
            return;
        step.Value?.CopyTo(called.Buffer, 0);
        var asks = step.Call is TruthCall.Lock or TruthCall.Convert;
        called.IsBuffered |= asks && step.Flags.HasFlag(RawFlags.ValBlk);
        if (!isCarriedOut)
            return;
        called.Flags = asks ? step.Flags : called.Flags | step.Flags;
        called.Requested = asks ? step.Mode : null;
    }

    /// <summary>The line of a completion as it should be.</summary>
    internal TruthLine Complete(TruthLine line)
    {
        var completed = _locks[line.Lock];
        var resource = _resources[completed.Resource];
        var told = line;
        if (line.Status == TruthLine.Granted)
            told = Grant(completed, resource, line);
        else if (line.Status == TruthLine.Unlocked)
            Release(completed, resource);
        completed.Told = told.Mode;
        completed.Held = told.MasterMode ?? told.Mode;
        completed.Requested = null;
        if (told.Mode is null)
        {
            _locks.Remove(line.Lock);
            resource.Locks--;
        }

        return told;
    }

    /// <summary>To be called when a step is over.</summary>
    internal void LetUnusedRest()
    {
        foreach (var resource in _resources.Values.Where(each => each.Locks == 0))
        {
            resource.Bytes = null;
            if (!habits.HasFlag(KernelHabits.KeepsMarksOfUnusedResources))
                resource.IsMarked = false;
        }
    }

    /// <summary>The line of a resource's value at the end; null if there is none, or nobody to tell of it.</summary>
    internal string? ValueLine(string name)
    {
        var resource = _resources[name];
        if (resource.Locks == 0 || (resource.Bytes is null && !resource.IsMarked))
            return null;
        var bytes = resource.Bytes is null ? "" : $" lvb={ClassicLock.Hex(resource.Bytes)}";
        return $"{name} value{bytes}{(resource.IsMarked ? " VALNOTVALID" : "")}";
    }

    private TruthLine Grant(ModelLock granted, ModelResource resource, TruthLine line)
    {
        var mode = line.MasterMode ?? line.Mode!.Value;
        var toldMode = habits.HasFlag(KernelHabits.HidesAlternateModes) ? line.Mode!.Value : mode;
        var before = line.Demoted ? LockMode.Null : granted.Held;
        var isMarkTold = false;
        if (ClassicLock.Writes(before, mode))
        {
            Write(granted, resource);
        }
        else if (Reads(before, mode))
        {
            if (granted.Flags.HasFlag(RawFlags.ValBlk))
            {
                isMarkTold = resource.IsMarked && (resource.Bytes is not null || !habits.HasFlag(KernelHabits.TellsMarksOnlyWithBytes));
                // The owner takes what the master sent by what it believes.
                if (toldMode == mode || Reads(granted.Told, toldMode))
                    resource.Bytes?.CopyTo(granted.Buffer, 0);
            }
        }
        else
        {
            // A master elsewhere does not answer a conversion down.
            var isAnswered = IsLocal(granted) || !LockModes.IsDownConversion(before!.Value, granted.Requested!.Value);
            isMarkTold = resource.IsMarked && isAnswered;
        }

        return line with
        {
            Mode = toldMode,
            MasterMode = mode == toldMode ? null : mode,
            ValueNotValid = isMarkTold,
            Value = granted.IsBuffered && !ClassicLock.Writes(granted.Told, toldMode) ? ClassicLock.Hex(granted.Buffer) : null,
        };
    }

    private void Release(ModelLock released, ModelResource resource)
    {
        if (released.Held is not (LockMode.ProtectedWrite or LockMode.Exclusive))
            return;
        if (released.IsBuffered || !habits.HasFlag(KernelHabits.UnlocksWithoutBufferByPlace) || released.Flags.HasFlag(RawFlags.IvValBlk))
        {
            Write(released, resource);
        }
        else if (!IsLocal(released) && released.Flags.HasFlag(RawFlags.ValBlk))
        {
            resource.Bytes = new byte[TruthProgram.ValueSize];
            resource.IsMarked = false;
        }
    }

    private bool IsLocal(ModelLock some) => masters[some.Resource] == some.Node;

    /// <summary>Whether a change of mode that does not write reads. By number: CW to PR does, PR to CW does not.</summary>
    private static bool Reads(LockMode? before, LockMode mode) => before is null || mode >= before;

    private static void Write(ModelLock writer, ModelResource resource)
    {
        if (writer.Flags.HasFlag(RawFlags.IvValBlk))
        {
            resource.IsMarked = true;
        }
        else if (writer.Flags.HasFlag(RawFlags.ValBlk))
        {
            resource.Bytes = [.. writer.Buffer];
            resource.IsMarked = false;
        }
    }

    internal sealed class ModelLock(uint node, string resource)
    {
        internal uint Node => node;

        internal string Resource => resource;

        internal byte[] Buffer { get; } = new byte[TruthProgram.ValueSize];

        internal bool IsBuffered { get; set; }

        internal RawFlags Flags { get; set; }

        /// <summary>The mode of the last completion.</summary>
        internal LockMode? Told { get; set; }

        /// <summary>The mode at the master.</summary>
        internal LockMode? Held { get; set; }

        /// <summary>The mode waited for; null: nothing.</summary>
        internal LockMode? Requested { get; set; }
    }

    private sealed class ModelResource
    {
        internal int Locks { get; set; }

        internal byte[]? Bytes { get; set; }

        internal bool IsMarked { get; set; }
    }
}
