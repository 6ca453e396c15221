namespace Tyer.System.Tests.Support;

/// <summary>The programs as they were built, beside these tests.</summary>
internal static class Programs
{
    private static readonly string[] Tyer = [Path.Combine(AppContext.BaseDirectory, "Tyer.Cli.dll")];

    private static readonly string[] Tyerd = [Path.Combine(AppContext.BaseDirectory, "tyerd.dll")];

    /// <summary><c>tyer …</c></summary>
    internal static RunningProgram StartTyer(IReadOnlyDictionary<string, string>? variables, params IEnumerable<string> arguments) =>
        RunningProgram.Start("dotnet", [.. Tyer, .. arguments], variables);

    /// <summary><c>tyerd …</c>, with at most so many open descriptors.</summary>
    internal static RunningProgram StartTyerd(int? descriptors, params IEnumerable<string> arguments) => descriptors is { } limit
        ? RunningProgram.Start("/bin/sh", ["-c", $"ulimit -n {limit} && exec dotnet \"$0\" \"$@\"", .. Tyerd, .. arguments])
        : RunningProgram.Start("dotnet", [.. Tyerd, .. arguments]);

    /// <summary><c>tyer …</c>, to its end.</summary>
    internal static Task<Ended> TyerAsync(params IEnumerable<string> arguments) => TyerAsync(null, arguments);

    /// <inheritdoc cref="TyerAsync(IEnumerable{string})"/>
    internal static async Task<Ended> TyerAsync(IReadOnlyDictionary<string, string>? variables, params IEnumerable<string> arguments)
    {
        await using var program = StartTyer(variables, arguments);
        program.CloseInput();
        return await program.EndAsync();
    }

    /// <summary>The words that start <c>tyer</c> from a shell.</summary>
    internal static string TyerInShell => TyerInShellAt(AppContext.BaseDirectory);

    /// <summary>The same, where a shell sees the folder of the programs elsewhere.</summary>
    internal static string TyerInShellAt(string folder) => $"dotnet '{Path.Combine(folder, "Tyer.Cli.dll")}'";
}
