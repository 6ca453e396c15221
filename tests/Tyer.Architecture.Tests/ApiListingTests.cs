namespace Tyer.Architecture.Tests;

/// <summary>The listing shows what a caller can see, all of it and nothing else.</summary>
public class ApiListingTests
{
    [Fact]
    public void It_writes_what_a_caller_can_see()
    {
        Type[] types =
        [
            typeof(Samples.Shape), typeof(Samples.Point), typeof(Samples.Colour),
            typeof(Samples.Visit<>), typeof(Samples.Bits), typeof(Samples.Settings),
        ];
        const string expected = """
            [Flags] enum Tyer.Architecture.Tests.Samples.Bits : uint
                None = 0x0
                High = 0x10

            enum Tyer.Architecture.Tests.Samples.Colour : byte
                Red = 0
                Blue = 2

            readonly record struct Tyer.Architecture.Tests.Samples.Point
                Point(int X, int Y)
                int X { get; init; }
                int Y { get; init; }
                static Samples.Point op_Addition(Samples.Point left, Samples.Point right)

            sealed record Tyer.Architecture.Tests.Samples.Settings
                Settings()
                required string Name { get; init; }
                string? Note { get; init; }

            abstract class Tyer.Architecture.Tests.Samples.Shape : IDisposable
                const int CornersMax = 8
                protected Shape(Samples.Colour colour = Samples.Colour.Blue)
                event EventHandler<string?>? Changed
                abstract int Corners { get; }
                string Name { get; }
                protected virtual bool Contains(in Samples.Point point, out string? reason)
                abstract void Dispose()
                static T? Find<T>(IEnumerable<string?> names, params int[] corners) where T : Samples.Shape

            delegate void Tyer.Architecture.Tests.Samples.Visit<T>(T shape)
            """;
        Assert.Equal(expected.Split('\n'), ApiListing.Of(types).ToArray());
    }

    [Fact]
    public void Nothing_public_is_no_line() => Assert.Empty(ApiListing.Of([]));
}

#pragma warning disable CA1034 // Nested types are part of what is listed.
#pragma warning disable CA1052
/// <summary>One of everything.</summary>
public class Samples
{
    [Flags]
    public enum Bits : uint
    {
        None = 0,
        High = 0x10,
    }

    public enum Colour : byte
    {
        Blue = 2,
        Red = 0,
    }

    public delegate void Visit<T>(T shape);

    public readonly record struct Point(int X, int Y)
    {
        public static Point operator +(Point left, Point right) => new(left.X + right.X, left.Y + right.Y);
    }

    public sealed record Settings
    {
        public required string Name { get; init; }

        public string? Note { get; init; }

        internal int Hidden { get; init; }
    }

    public abstract class Shape : IDisposable
    {
        public const int CornersMax = 8;

        protected Shape(Colour colour = Colour.Blue) => Name = colour.ToString();

        internal Shape()
        {
            Name = "";
        }

        public event EventHandler<string?>? Changed;

        public abstract int Corners { get; }

        public string Name { get; private set; }

        public static T? Find<T>(IEnumerable<string?> names, params int[] corners)
            where T : Shape => default;

        public abstract void Dispose();

        protected virtual bool Contains(in Point point, out string? reason)
        {
            reason = null;
            Hide();
            return false;
        }

        private void Hide() => Changed?.Invoke(this, null);
    }
}
