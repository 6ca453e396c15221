using Tyer.Comms.Endpoints;

namespace Tyer.Comms.Tests.Endpoints;

public class CommsEndpointTests
{
    [Theory]
    [InlineData("tcp://127.0.0.1:7600")]
    [InlineData("tcp://127.1.2.3:0")]
    [InlineData("tcp://[::1]:7600")]
    [InlineData("unix:/run/tyer/tyerd.sock")]
    public void A_loopback_or_unix_endpoint_reads_and_prints_the_same(string text) =>
        Assert.Equal(text, CommsEndpoint.Parse(text).ToString());

    [Theory]
    [InlineData("http://127.0.0.1:80", CommsErrorCode.UnknownTransport)]
    [InlineData("127.0.0.1:80", CommsErrorCode.UnknownTransport)]
    [InlineData("", CommsErrorCode.UnknownTransport)]
    [InlineData("TCP://127.0.0.1:80", CommsErrorCode.UnknownTransport)]
    [InlineData("tcp://", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://127.0.0.1", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://127.0.0.1:", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://127.0.0.1:65536", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://1:80", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://::1", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://[::1]", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://localhost:80", CommsErrorCode.EndpointSyntax)]
    [InlineData("tcp://127.0.0.1:80/", CommsErrorCode.EndpointSyntax)]
    [InlineData("unix:", CommsErrorCode.EndpointSyntax)]
    [InlineData("unix:relative", CommsErrorCode.EndpointSyntax)]
    [InlineData("unix:/folder/", CommsErrorCode.EndpointSyntax)]
    public void Any_other_text_is_refused_with_a_code(string text, CommsErrorCode code)
    {
        CommsException e = Assert.Throws<CommsException>(() => CommsEndpoint.Parse(text));
        Assert.Equal(code, e.Code);
        Assert.Contains($"'{text}'", e.Message);
    }

    [Fact]
    public void A_path_that_the_system_cannot_take_is_refused_with_its_limit()
    {
        Assert.Equal(107, CommsEndpoint.Parse("unix:/" + new string('x', 106)).UnixPath!.Length);

        CommsException e = Assert.Throws<CommsException>(() => CommsEndpoint.Parse("unix:/" + new string('x', 107)));
        Assert.Equal(CommsErrorCode.EndpointSyntax, e.Code);
        Assert.Contains("107", e.Message);
    }

    [Theory]
    [InlineData("tcp://0.0.0.0:7600")]
    [InlineData("tcp://[::]:7600")]
    [InlineData("tcp://192.168.1.1:7600")]
    [InlineData("tcp://128.0.0.1:7600")]
    [InlineData("tcp://[2001:db8::1]:7600")]
    public void What_other_machines_can_reach_is_told_from_what_is_of_this_one(string text)
    {
        CommsEndpoint endpoint = CommsEndpoint.Parse(text);
        Assert.False(endpoint.IsLocal);
        CommsException e = Assert.Throws<CommsException>(() => endpoint.ThrowUnlessLocal("do this"));
        Assert.Equal(CommsErrorCode.InsecureEndpoint, e.Code);
        Assert.Equal($"'{text}' is beyond this machine, and nothing would tell who is there: do this, or use a loopback address.", e.Message);
        Assert.All(["tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://[::1]:1", "unix:/s"], local => Assert.True(CommsEndpoint.Parse(local).IsLocal));
    }
}
