using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>A cluster with keys, as an operator sets it up.</summary>
public sealed class SecurityTests
{
    private const int Hangup = 1;

    [Fact]
    public async Task Nodes_with_a_key_lock_together_and_read_new_keys_while_they_run()
    {
        await using var nodes = new ThreeNodes { HasKeys = true };
        await nodes.InitializeAsync();
        (await nodes.TyerAsync(1, "run", "secured", "--", "true")).With(0);
        (await nodes.TyerAsync(2, "run", "secured", "--", "true")).With(0);
        Assert.Contains("\nsecurity    psk+seal\n", (await nodes.TyerAsync(3, "status")).With(0).Output, StringComparison.Ordinal);

        var added = (await Programs.TyerAsync("keygen", nodes.KeyFile, "--add")).With(0).Output.Trim();
        (await Programs.TyerAsync("keygen", nodes.KeyFile, "--activate", added[^8..])).With(0);
        for (var node = 1; node <= ThreeNodes.Nodes; node++)
        {
            nodes.Daemon(node).Signal(Hangup);
            await nodes.Daemon(node).LineWithAsync("Configuration read again");
        }

        (await nodes.TyerAsync(3, "run", "secured", "--", "true")).With(0);
        var secret = File.ReadLines(nodes.KeyFile).First(line => line.StartsWith("active", StringComparison.Ordinal)).Split(' ')[^1];
        for (var node = 1; node <= ThreeNodes.Nodes; node++)
            Assert.DoesNotContain(secret, nodes.Daemon(node).Output + nodes.Daemon(node).Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_key_file_that_others_can_read_is_refused_with_what_to_do()
    {
        var folder = Directory.CreateTempSubdirectory("tyer-system-").FullName;
        var key = Path.Combine(folder, "open.key");
        (await Programs.TyerAsync("keygen", key)).With(0);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        await using (var daemon = Programs.StartTyerd(
            null,
            [
                "--name", "n7", "--stack", "static", "--listen", "tcp://127.0.0.1:0", "--peer", "n8=tcp://127.0.0.1:1", "--key-file", key,
                "--socket", Path.Combine(folder, "s"), "--state", folder,
            ]))
        {
            Assert.Contains($"'chmod 600 {key}'", (await daemon.EndAsync()).With(1).Errors, StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
    }
}
