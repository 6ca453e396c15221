namespace Tyer.Engine.Tests.Properties;

/// <summary>A program made the engines do something else than they should; the message tells what, and the story up to there.</summary>
internal sealed class ProgramFailedException(string message, Exception cause) : Exception(message, cause);
