using System.Diagnostics;

namespace Tyer.Cli.Running;

/// <summary>How to start this very program again, as a helper or a daemon.</summary>
/// <param name="Path">The file to execute.</param>
/// <param name="Arguments">What comes before the arguments proper: the program's name and, under <c>dotnet FILE</c>, the file.</param>
internal sealed record SelfCommand(string Path, IReadOnlyList<string> Arguments)
{
    private const string Host = "dotnet";

    /// <summary>As this process was started.</summary>
    public static SelfCommand Current
    {
        get
        {
            string path = Environment.ProcessPath ?? throw new InvalidOperationException("The system does not tell which program this is.");
            bool isHosted = System.IO.Path.GetFileNameWithoutExtension(path) == Host;
            return new SelfCommand(path, isHosted ? [path, Environment.GetCommandLineArgs()[0]] : [path]);
        }
    }

    /// <summary>How to start it as a process that is talked to over its standard streams.</summary>
    /// <param name="arguments">A hidden command and what goes with it.</param>
    public ProcessStartInfo Talking(IEnumerable<string> arguments) =>
        // The first of its arguments is the name under which it is started.
        new(Path, [.. Arguments.Skip(1), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
}
