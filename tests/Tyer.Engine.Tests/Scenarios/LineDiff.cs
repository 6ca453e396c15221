using System.Text;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>Two texts line by line: "- " only in the expected one, "+ " only in the actual one.</summary>
internal static class LineDiff
{
    internal static string Of(string expected, string actual)
    {
        var left = expected.Split('\n');
        var right = actual.Split('\n');

        // common[i, j]: the length of the longest common subsequence of left from i and right from j.
        var common = new int[left.Length + 1, right.Length + 1];
        for (var i = left.Length - 1; i >= 0; i--)
        {
            for (var j = right.Length - 1; j >= 0; j--)
                common[i, j] = left[i] == right[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var text = new StringBuilder();
        int one = 0, other = 0;
        while (one < left.Length || other < right.Length)
        {
            if (one < left.Length && other < right.Length && left[one] == right[other])
            {
                text.Append("  ").Append(left[one++]).Append('\n');
                other++;
            }
            else if (other == right.Length || (one < left.Length && common[one + 1, other] >= common[one, other + 1]))
            {
                text.Append("- ").Append(left[one++]).Append('\n');
            }
            else
            {
                text.Append("+ ").Append(right[other++]).Append('\n');
            }
        }

        return text.ToString();
    }
}
