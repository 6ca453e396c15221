namespace Tyer.Tests.Shared.Stacks;

/// <summary>A fence agent that a test writes: a shell script, which has what it was told in <c>$told</c>.</summary>
internal static class AgentScript
{
    /// <summary>Writes it.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="body">What it does; what it was told is in the variable <c>told</c>, and each option by its name in <c>$opt_NAME</c>.</param>
    /// <returns>Its path.</returns>
    internal static string Write(string folder, string name, string body)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, $"""
            #!/bin/sh
            told=$(cat)
            while IFS='=' read -r key value; do eval "opt_$key=\$value"; done <<END
            $told
            END
            {body}
            """.ReplaceLineEndings("\n") + "\n");
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("Agents are shell scripts here.");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
