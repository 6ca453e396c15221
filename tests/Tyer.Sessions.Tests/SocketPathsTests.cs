namespace Tyer.Sessions.Tests;

public class SocketPathsTests
{
    private readonly Dictionary<string, string> _variables = [];
    private string? _configuration;

    [Fact]
    public void What_is_given_is_the_only_place() => Assert.Equal(["unix:/given"], Find("unix:/given"));

    [Fact]
    public void A_path_will_do()
    {
        Assert.Equal(["unix:/given/by/path"], Find("/given/by/path"));
        _variables["TYER_SOCKET"] = "/by/variable";
        Assert.Equal(["unix:/by/variable"], Find());
    }

    [Fact]
    public void The_variable_goes_before_the_configuration()
    {
        _variables["TYER_SOCKET"] = "tcp://127.0.0.1:7601";
        _configuration = """{ "Socket": "/configured" }""";
        Assert.Equal(["tcp://127.0.0.1:7601"], Find());
        Assert.Equal(["unix:/given"], Find("unix:/given"));
    }

    [Fact]
    public void Where_there_is_a_configuration_a_private_daemon_never_stands_in()
    {
        _variables["XDG_RUNTIME_DIR"] = "/run/user/1000";
        _configuration = """
            {
              // as the .NET configuration reads it
              "Name": "n1",
              "socket": "/configured",
            }
            """;
        Assert.Equal(["unix:/configured"], Find());
        _configuration = "{}";
        Assert.Equal(["unix:/run/tyer/tyerd.sock"], Find());
    }

    [Fact]
    public void Else_the_first_that_answers()
    {
        Assert.Equal(["unix:/run/tyer/tyerd.sock", "unix:/tmp/tyer-1000/tyerd.sock"], Find());
        _variables["XDG_RUNTIME_DIR"] = "/run/user/1000";
        Assert.Equal(["unix:/run/tyer/tyerd.sock", "unix:/run/user/1000/tyer/tyerd.sock", "unix:/tmp/tyer-1000/tyerd.sock"], Find());
        _variables["XDG_RUNTIME_DIR"] = "not/absolute";
        Assert.Equal(2, Find().Count);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{ "Socket": 7 }""")]
    public void A_broken_configuration_is_not_passed_over(string text)
    {
        _configuration = text;
        var fault = Assert.Throws<InvalidDataException>(() => Find());
        Assert.Contains("/etc/tyer/tyerd.json", fault.Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<string> Find(string? given = null) => SocketPaths.Find(
        given, _variables.GetValueOrDefault, path => path == "/etc/tyer/tyerd.json" ? _configuration : null, 1000);
}
