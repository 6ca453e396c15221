namespace Tyer.Engine.Tests.Properties;

/// <summary>What must hold while a program runs.</summary>
internal static class Require
{
    internal static void That(bool holds, string failure)
    {
        if (!holds)
            throw new InvalidOperationException(failure);
    }
}
