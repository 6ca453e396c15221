namespace Tyer.Engine.Messages;

/// <summary>Which parts each kind of message carries: the one table that writer and reader share.</summary>
internal static class MessageLayout
{
    private const MessageFields NewLock = MessageFields.Name | MessageFields.Operation | MessageFields.Mode | MessageFields.Flags
        | MessageFields.Session | MessageFields.Transaction | MessageFields.Note;

    private const MessageFields Copy = NewLock | MessageFields.Node | MessageFields.Number | MessageFields.Token | MessageFields.Process | MessageFields.Text;

    private static readonly MessageFields?[] Layouts = Build();

    /// <summary>The parts of a message of this kind, or null: no such kind.</summary>
    internal static MessageFields? Of(MessageKind kind) => (byte)kind < Layouts.Length ? Layouts[(byte)kind] : null;

    private static MessageFields?[] Build()
    {
        var layouts = new MessageFields?[64];
        layouts[(int)MessageKind.Lookup] = NewLock;
        layouts[(int)MessageKind.Master] = MessageFields.Name | MessageFields.Node | MessageFields.Number | MessageFields.Facts;
        layouts[(int)MessageKind.Remove] = MessageFields.Name | MessageFields.Number | MessageFields.Facts;
        layouts[(int)MessageKind.Removed] = MessageFields.Name;
        layouts[(int)MessageKind.Locate] = MessageFields.Name | MessageFields.Facts;
        layouts[(int)MessageKind.Record] = MessageFields.Name | MessageFields.Node;
        layouts[(int)MessageKind.Recorded] = MessageFields.Name;
        layouts[(int)MessageKind.Request] = NewLock;
        layouts[(int)MessageKind.Convert] = MessageFields.Operation | MessageFields.Mode | MessageFields.Flags | MessageFields.Value;
        layouts[(int)MessageKind.Unlock] = MessageFields.Operation | MessageFields.Flags | MessageFields.Value;
        layouts[(int)MessageKind.Cancel] = MessageFields.Operation | MessageFields.Status;
        layouts[(int)MessageKind.Orphan] = MessageFields.Operation | MessageFields.Process;
        layouts[(int)MessageKind.Rebuild] = NewLock | MessageFields.Number | MessageFields.Token | MessageFields.Status | MessageFields.Value
            | MessageFields.Process | MessageFields.Wanted | MessageFields.Facts;
        layouts[(int)MessageKind.RebuildEnd] = MessageFields.Name | MessageFields.Number;
        layouts[(int)MessageKind.RebuildKept] = Copy;
        layouts[(int)MessageKind.Kept] = MessageFields.Operation;
        layouts[(int)MessageKind.Keep] = Copy;
        layouts[(int)MessageKind.Discard] = MessageFields.Operation;
        layouts[(int)MessageKind.Queued] = MessageFields.Operation | MessageFields.Number;
        layouts[(int)MessageKind.Granted] = MessageFields.Operation | MessageFields.Mode | MessageFields.Token | MessageFields.Status
            | MessageFields.Value;
        layouts[(int)MessageKind.Denied] = MessageFields.Operation | MessageFields.Mode | MessageFields.Status | MessageFields.Text;
        layouts[(int)MessageKind.Unlocked] = MessageFields.Operation;
        layouts[(int)MessageKind.Blocking] = MessageFields.Operation | MessageFields.Mode | MessageFields.Note | MessageFields.Number
            | MessageFields.Text;
        layouts[(int)MessageKind.NotMaster] = MessageFields.Operation | MessageFields.Node;
        layouts[(int)MessageKind.Adopted] = MessageFields.Operation;
        layouts[(int)MessageKind.Rebuilt] = MessageFields.Name | MessageFields.Facts;
        layouts[(int)MessageKind.Expect] = MessageFields.Name;
        layouts[(int)MessageKind.Expected] = MessageFields.Name | MessageFields.Facts;
        layouts[(int)MessageKind.Moved] = MessageFields.Name | MessageFields.Node;
        layouts[(int)MessageKind.MovedNoted] = MessageFields.Name;
        layouts[(int)MessageKind.MovedSession] = MessageFields.Name | MessageFields.Session | MessageFields.Node | MessageFields.Number | MessageFields.Process
            | MessageFields.Text | MessageFields.Facts;
        layouts[(int)MessageKind.MovedLock] = NewLock | MessageFields.Node | MessageFields.Number | MessageFields.Token | MessageFields.Status | MessageFields.Process
            | MessageFields.Wanted | MessageFields.Facts | MessageFields.Ages;
        layouts[(int)MessageKind.MovedMessage] = MessageFields.Name | MessageFields.Node | MessageFields.Text;
        layouts[(int)MessageKind.Move] = MessageFields.Name | MessageFields.Number | MessageFields.Value;
        layouts[(int)MessageKind.Taken] = MessageFields.Name | MessageFields.Facts;
        layouts[(int)MessageKind.NewMaster] = MessageFields.Name;
        layouts[(int)MessageKind.MoveCalledOff] = MessageFields.Name;
        layouts[(int)MessageKind.Introduce] = MessageFields.Session | MessageFields.Process | MessageFields.Text;
        layouts[(int)MessageKind.Farewell] = MessageFields.Session;
        return layouts;
    }
}
