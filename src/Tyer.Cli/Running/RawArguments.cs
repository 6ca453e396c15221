namespace Tyer.Cli.Running;

/// <summary>This process's arguments as they were given, before anybody took them for text.</summary>
internal static class RawArguments
{
    private const string Source = "/proc/self/cmdline";

    /// <summary>The last <paramref name="count"/> of them.</summary>
    public static IReadOnlyList<byte[]> Last(int count) => Split(File.ReadAllBytes(Source)).TakeLast(count).ToArray();

    private static IEnumerable<byte[]> Split(byte[] block)
    {
        for (int start = 0; start < block.Length;)
        {
            int length = block.AsSpan(start).IndexOf((byte)0);
            if (length < 0) length = block.Length - start;
            yield return block.AsSpan(start, length).ToArray();
            start += length + 1;
        }
    }
}
