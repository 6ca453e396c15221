namespace Tyer.Sessions.Wire;

/// <summary>What the client protocol allows, each with its reason. Checked where a message is read.</summary>
public static class WireLimits
{
    /// <summary>The oldest version of the protocol that this build speaks.</summary>
    public const ushort VersionMin = 1;

    /// <summary>The newest.</summary>
    public const ushort VersionMax = 1;

    /// <summary>Bytes in a message, at most: what either side has to have room for.</summary>
    public const int MessageBytesMax = 64 * 1024;

    /// <summary>Bytes of a lock message, at most: it is written on the stack.</summary>
    public const int LockBytesMax = 20 + 8 + 16 + 2 * (2 + Limits.LabelBytesMax) + Limits.ResourceNameBytesMax;

    /// <summary>Bytes of a convert or unlock message, at most: likewise.</summary>
    public const int CallBytesMax = 24 + Limits.ValueBytesMax;

    /// <summary>Bytes of a message that has only fixed fields, at most.</summary>
    public const int SmallBytesMax = 32;

    /// <summary>
    /// Bytes of a text in a hello or a welcome (host, process, user, version), at most; a longer one is cut. Identities travel from node to
    /// node, where all of one has 400 bytes.
    /// </summary>
    public const int IdentityBytesMax = 64;

    /// <summary>Bytes of a sentence about a failure, at most.</summary>
    public const int SentenceBytesMax = 4096;

    /// <summary>Bytes of the sentence that says what a request waits for, at most: it is written on the stack; a longer one is cut.</summary>
    public const int ReasonBytesMax = 2048;

    /// <summary>Bytes of JSON in one message, at most; a longer document takes several.</summary>
    public const int FragmentBytesMax = 32 * 1024;

    /// <summary>Bytes of a question, at most: names and a few numbers.</summary>
    public const int QuestionBytesMax = 16 * 1024;

    /// <summary>Bytes of one document of an answer, at most: a resource with as many waiters as it may have fits.</summary>
    public const int DocumentBytesMax = 16 * 1024 * 1024;

    /// <summary>Bytes of the report that comes with a wait that ended without a grant, at most: it is written on the stack.</summary>
    public const int ReportBytesMax = 8 * 1024;

    /// <summary>The first bytes of a hello and of a welcome: "TYER".</summary>
    internal const uint Magic = 0x52455954;
}
