namespace Tyer.Engine.Tests.Truth;

/// <summary>
/// Turns what the kernel answered in a program, step by step, into what Tyer has to answer: equal, but for the rules of
/// <see cref="Differences"/> and what <see cref="Divergences"/> lists. Each use of a difference changes a line, and is reported.
/// </summary>
internal sealed class Translation
{
    // The differences in values, marks and told modes follow from a model of both, which is led from the kernel to Tyer habit by habit.
    private static readonly (KernelHabits Habit, Difference Difference)[] Modelled =
    [
        (KernelHabits.HidesAlternateModes, Differences.AlternateModesAreTold),
        (KernelHabits.KeepsMarksOfUnusedResources, Differences.MarkEndsWithLocks),
        (KernelHabits.TellsMarksOnlyWithBytes, Differences.MarkIsToldWithoutBytes),
        (KernelHabits.UnlocksWithoutBufferByPlace, Differences.UnlockWrites),
    ];

    private readonly TruthProgram _program;
    private readonly Action<Difference> _used;
    private readonly CompletionModel[] _models;

    // Locks whose last conversion was cancelled, and the mode of the notice that a lock was told last since its last completion.
    private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LockMode> _notices = new(StringComparer.Ordinal);

    /// <param name="program">The program.</param>
    /// <param name="used">Told each time that a difference changes a line.</param>
    internal Translation(TruthProgram program, Action<Difference> used)
    {
        _program = program;
        _used = used;
        var habits = KernelHabits.All;
        _models = [ModelOf(habits), .. Modelled.Select(each => ModelOf(habits &= ~each.Habit))];

        CompletionModel ModelOf(KernelHabits some) => new(some, _program.Masters);
    }

    private CompletionModel Tyer => _models[^1];

    /// <summary>What Tyer has to answer in a step. To be asked for each step, in order.</summary>
    internal IReadOnlyList<string> Step(TruthStep step)
    {
        var waits = Tyer.Find(step.Lock)?.Requested is not null;
        var isCarriedOut = !step.Outcomes.Any(line => IsOf(line, $"{step.Lock} error") || line == $"{step.Lock} nothing");
        foreach (var model in _models)
            model.Call(step, isCarriedOut);

        var translated = new List<string>();
        foreach (var line in InOrderOfGranting(step))
        {
            if (TruthLine.IsCompletion(line))
                TranslateCompletion(step, line, waits, translated);
            else if (line.Contains(" blocking ", StringComparison.Ordinal))
                TranslateNotice(line, translated);
            else
                translated.Add(TranslateAnswer(step, line));
        }

        if (isCarriedOut)
            NoteCancel(step, waits && Tyer.Find(step.Lock) is not null);
        foreach (var model in _models)
            model.LetUnusedRest();

        var expected = TruthProgram.OrderByLock(translated);
        if (Divergences.Find($"{_program.Name}:{step.Number}") is not { } instead)
            return expected;
        Assert.NotEqual(expected, instead);
        return instead;
    }

    /// <summary>What Tyer has to have at the end; <paramref name="actual"/> is consulted for the order of granted queues only.</summary>
    internal IReadOnlyList<string> End(IReadOnlyList<string> actual)
    {
        var expected = new List<string>();
        foreach (var resource in _program.Masters.Keys.Order(StringComparer.Ordinal))
        {
            var lines = _program.End.Where(line => IsOf(line, resource)).ToList();
            var value = lines.SingleOrDefault(line => IsOf(line, $"{resource} value"));
            expected.AddRange(lines.Where(line => line != value).Select(OrderedAsActual));
            if (ThroughModels(value, "end", model => model.ValueLine(resource)) is { } line)
                expected.Add(line);
        }

        return expected;

        string OrderedAsActual(string line)
        {
            var words = line.Split(' ');
            if (words[1] != "granted" || actual.Contains(line))
                return line;
            // A name is on a queue once, so equal sets are the same entries.
            var same = actual.SingleOrDefault(each => words.ToHashSet().SetEquals(each.Split(' ')));
            if (same is null)
                return line;
            _used(Differences.GrantedOrder);
            return same;
        }
    }

    private void TranslateCompletion(TruthStep step, string line, bool waits, List<string> translated)
    {
        var said = TruthLine.Parse(line);
        _notices.Remove(said.Lock);
        if (said.Status == TruthLine.Unlocked && waits && said.Lock == step.Lock)
        {
            _used(Differences.OneEnd);
            translated.Add(TruthLine.Plain(said.Lock, TruthLine.Cancelled, Tyer.Find(said.Lock)!.Told).ToString());
        }

        translated.Add(ThroughModels(line, $"{step.Number}", model => model.Complete(said).ToString())!);
    }

    private void TranslateNotice(string line, List<string> translated)
    {
        var words = line.Split(' ');
        var mode = LockModes.Parse(words[2]);
        if (_program.Kernel.StartsWith("6.1.", StringComparison.Ordinal)
            && _notices.TryGetValue(words[0], out var last) && (last == mode || (last > mode && last > LockMode.ProtectedRead)))
        {
            _used(Differences.NoticesOnce);
            return;
        }

        _notices[words[0]] = mode;
        translated.Add(line);
    }

    private string TranslateAnswer(TruthStep step, string line)
    {
        var isPlainCancel = step is { Call: TruthCall.Cancel, Flags: RawFlags.None };
        if (!isPlainCancel || !_cancelled.Contains(step.Lock) || line != $"{step.Lock} error EINVAL")
            return line;
        _used(Differences.CancelDoesNotStick);
        return $"{step.Lock} nothing";
    }

    private void NoteCancel(TruthStep step, bool undidConversion)
    {
        if (step.Call == TruthCall.Cancel && undidConversion)
            _cancelled.Add(step.Lock);
        else if (step.Call != TruthCall.Cancel)
            _cancelled.Remove(step.Lock);
    }

    /// <summary>What Tyer says where the kernel said <paramref name="said"/>, and the model with all its habits must say so too.</summary>
    private string? ThroughModels(string? said, string place, Func<CompletionModel, string?> lineOf)
    {
        var lines = _models.Select(lineOf).ToArray();
        Assert.True(said == lines[0], $"{_program.Name}:{place}: the kernel said '{said}' and its model says '{lines[0]}'");
        // Two habits may cancel each other out: then there is no difference.
        for (var index = 0; index < Modelled.Length && lines[^1] != said; index++)
        {
            if (lines[index] != lines[index + 1])
                _used(Modelled[index].Difference);
        }

        return lines[^1];
    }

    /// <summary>Whoever called comes first, then conversions, then new requests: as a master grants.</summary>
    private IEnumerable<string> InOrderOfGranting(TruthStep step) => step.Outcomes.OrderBy(line =>
        IsOf(line, step.Lock) ? 0 : Tyer.Find(TruthProgram.LockOf(line))?.Held is not null ? 1 : 2);

    private static bool IsOf(string line, string name) => line.StartsWith(name + ' ', StringComparison.Ordinal);
}
