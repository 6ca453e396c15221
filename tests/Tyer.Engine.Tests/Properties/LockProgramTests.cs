using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// Random programs on one to four engines, every step compared with the model. <c>TYER_PROGRAMS</c> in the environment is the number of
/// programs for each number of nodes, <c>TYER_PROGRAM_SEED</c> a number to start from instead of the usual one.
/// </summary>
public sealed class LockProgramTests
{
    private const int ProgramsDefault = 8000;
    private const int StepsMax = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Engines_do_as_the_model_says(int nodes) =>
        Prop.ForAll(LockProgram.Arbitrary(nodes, StepsMax), program => ProgramRun.Check(program)).Check(ConfigFor(nodes, ProgramsDefault));

    internal static Config ConfigFor(int seed, int programs)
    {
        var wanted = Environment.GetEnvironmentVariable("TYER_PROGRAMS") is { } count ? int.Parse(count, null) : programs;
        var start = Environment.GetEnvironmentVariable("TYER_PROGRAM_SEED") is { } number ? ulong.Parse(number, null) : 1878;
        return Config.QuickThrowOnFailure
            .WithMaxTest(wanted)
            .WithStartSize(1)
            .WithEndSize(100)
            .WithReplay(start + (ulong)seed, 1);
    }
}
