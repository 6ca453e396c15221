namespace Tyer.Cli.Tests.Fakes;

/// <summary>Compares output with the text that a test expects, to the byte.</summary>
internal static class Golden
{
    public static void Equal(string expected, string actual) => Assert.Equal(expected.ReplaceLineEndings("\n") + "\n", actual);
}
