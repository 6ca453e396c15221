using System.Globalization;
using System.Runtime.CompilerServices;

namespace Tyer.Simulation;

/// <summary>A line of a life's story, which is put into words only if the story is told: it is not, in nearly all lives.</summary>
[InterpolatedStringHandler]
internal ref struct StoryLine
{
    private DefaultInterpolatedStringHandler _words;

    public StoryLine(int literalLength, int formattedCount, SimWorld world, out bool isTold)
    {
        isTold = world.Traces;
        if (isTold)
            _words = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string words) => _words.AppendLiteral(words);

    public void AppendFormatted<T>(T value) => _words.AppendFormatted(value);

    public void AppendFormatted<T>(T value, string format) => _words.AppendFormatted(value, format);

    internal string ToStringAndClear() => _words.ToStringAndClear();
}
