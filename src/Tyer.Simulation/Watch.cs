namespace Tyer.Simulation;

/// <summary>What a client was told that it holds, and has neither let go of nor lost.</summary>
internal sealed class Hold(string who, string resource)
{
    internal string Who => who;

    internal string Resource => resource;

    /// <summary>The mode that others must reckon with (R6).</summary>
    internal LockMode Mode { get; set; }

    internal FencingToken Token { get; set; }
}

/// <summary>
/// Sees what all clients see, and nothing else: two holds never exclude each other from the moment a client is told of one to the moment its
/// loss or release is visible (S1, S6); tokens grow (S3); a value is the last one written or flagged (S4).
/// </summary>
internal sealed class Watch(SimWorld world)
{
    private readonly Dictionary<string, List<Hold>> _holds = [];
    private readonly Dictionary<string, FencingToken[]> _highest = [];
    private readonly Dictionary<string, ulong> _written = [];
    private readonly HashSet<ulong> _withoutQuorum = [];
    private readonly HashSet<(string Resource, FencingToken Token)> _tokens = [];

    // Whether somebody has held the resource ever since a value was written: then it is not idle, and the value cannot have been let go.
    private readonly Dictionary<string, bool> _unbroken = [];
    private ulong _lastWritten;

    /// <summary>A view in which nobody may grant (S2).</summary>
    internal void WithoutQuorum(ulong view) => _withoutQuorum.Add(view);

    internal void Granted(Hold hold, LockMode mode, FencingToken token)
    {
        hold.Mode = mode;
        if (token != hold.Token)
        {
            if (_withoutQuorum.Contains(token.Epoch))
                throw new ViolationException($"S2: {hold.Who} was granted {mode.ToShortName()} on {hold.Resource} with token {token}, of a view without quorum");
            hold.Token = token;
            if (!_tokens.Add((hold.Resource, token)))
                throw new ViolationException($"S3: {hold.Who} got {mode.ToShortName()} on {hold.Resource} with token {token}, which another grant has had");
            var highest = HighestOf(hold.Resource);
            foreach (var other in LockModes.All)
            {
                if (!LockModes.IsCompatible(mode, other) && highest[(int)other] >= token)
                    throw new ViolationException($"S3: {hold.Who} got {mode.ToShortName()} on {hold.Resource} with token {token}, after {highest[(int)other]} for {other.ToShortName()}");
            }

            if (token > highest[(int)mode])
                highest[(int)mode] = token;
        }

        Add(hold);
    }

    /// <summary>The mode changed without a grant: a conversion is out, or has been refused, or was downwards.</summary>
    internal void Changed(Hold hold, LockMode mode)
    {
        hold.Mode = mode;
        Add(hold);
    }

    internal void Gone(Hold hold)
    {
        if (_holds.GetValueOrDefault(hold.Resource) is { } holds)
            Remove(hold, holds);
    }

    /// <summary>The number of a value that is written now: greater than all before.</summary>
    internal ulong Write(Hold writer)
    {
        _written[writer.Resource] = ++_lastWritten;
        _unbroken[writer.Resource] = true;
        return _lastWritten;
    }

    /// <summary>A value was read with a grant that excluded writers.</summary>
    internal void Read(Hold hold, LockValueState state, ulong? value)
    {
        var written = _written.GetValueOrDefault(hold.Resource);
        switch (state)
        {
            case LockValueState.Valid when value is not { } read || read < written || read > _lastWritten:
                throw new ViolationException($"S4: {hold.Who} read {value} on {hold.Resource} as valid, after {written} was written");
            case LockValueState.NeverWritten when _unbroken.GetValueOrDefault(hold.Resource):
                throw new ViolationException($"S4: {hold.Who} found nothing written on {hold.Resource}, which somebody has held ever since {written} was written");
        }

        world.Count($"values read {state}");
    }

    /// <summary>
    /// What a lock has while a conversion is out: what all answers have in common (R6). Said here a second time, from the contract and not
    /// from the engine, whose own word on this (<c>Lock.EffectiveMode</c>) is among what is watched.
    /// </summary>
    internal static LockMode Least(LockMode held, LockMode wanted, RawFlags flags)
    {
        if ((flags & RawFlags.ConvDeadlk) != 0)
            return LockMode.Null;
        var least = Lower(held, wanted);
        if ((flags & RawFlags.AltPr) != 0)
            least = Lower(least, LockMode.ProtectedRead);
        if ((flags & RawFlags.AltCw) != 0)
            least = Lower(least, LockMode.ConcurrentWrite);
        return least;

        static LockMode Lower(LockMode one, LockMode other) =>
            LockModes.Covers(one, other) ? other : LockModes.Covers(other, one) ? one : LockMode.ConcurrentRead;
    }

    private void Add(Hold hold)
    {
        if (!_holds.TryGetValue(hold.Resource, out var holds))
            _holds.Add(hold.Resource, holds = []);
        foreach (var other in holds)
        {
            if (other != hold && !LockModes.IsCompatible(other.Mode, hold.Mode))
                throw new ViolationException($"S1: {hold.Who} holds {hold.Mode.ToShortName()} on {hold.Resource} beside {other.Who} in {other.Mode.ToShortName()}");
        }

        if (!holds.Contains(hold))
            holds.Add(hold);
    }

    private void Remove(Hold hold, List<Hold> holds)
    {
        holds.Remove(hold);
        if (holds.Count == 0)
            _unbroken[hold.Resource] = false;
    }

    private FencingToken[] HighestOf(string resource)
    {
        if (!_highest.TryGetValue(resource, out var highest))
            _highest.Add(resource, highest = new FencingToken[LockModes.Count]);
        return highest;
    }
}
