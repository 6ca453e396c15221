using System.Reflection;
using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// All that an engine keeps about resources, locks and sessions, as text: each field that is there is in it, a new one too, so that two engines
/// with the same picture go on in the same way.
/// </summary>
internal static class StatePicture
{
    private static readonly FieldInfo[] OfLock = FieldsOf(typeof(Lock));
    private static readonly FieldInfo[] OfResource = FieldsOf(typeof(Resource));
    private static readonly FieldInfo[] OfQueues = FieldsOf(typeof(LockQueues));
    private static readonly FieldInfo[] OfSession = FieldsOf(typeof(Session));

    internal static void Draw(LockEngine engine, StringBuilder into)
    {
        var core = engine.Core;
        into.AppendLine($"n{core.Node}: clock {core.Clock}, next lock {engine.NextLockNumber}, {engine.LockCount} locks, {core.Deadlines.Count} deadlines");
        var sessions = new HashSet<Session>();
        foreach (var resource in ClusterAudit.ResourcesOf(engine).OrderBy(each => each.Hash))
        {
            DrawFields(resource, OfResource, into.Append("  "));
            DrawFields(resource.Queues, OfQueues, into.Append("    "));
            foreach (var list in (LockList[])[resource.Owned, resource.Queues.Granted, resource.Queues.Converting, resource.Queues.Waiting])
            {
                for (var each = list.First; each is not null; each = each.Next)
                {
                    DrawFields(each, OfLock, into.Append("    "));
                    sessions.Add(each.Session);
                }
            }
        }

        foreach (var session in sessions.OrderBy(each => each.Number))
        {
            DrawFields(session, OfSession, into.Append("  "));
            into.AppendLine($"    {string.Join(' ', session.Locks().Select(each => each.Id))}");
        }
    }

    private static void DrawFields(object drawn, FieldInfo[] fields, StringBuilder into)
    {
        foreach (var field in fields)
            into.Append($"{field.Name}={TextOf(field.GetValue(drawn))} ");
        into.AppendLine();
    }

    private static string TextOf(object? value) => value switch
    {
        null => "-",
        Lock other => other.Id.ToString(),
        Resource other => other.Hash.ToString("x", null),
        Session other => $"{other.Node}/{other.Number}",
        // A buffer that was used is as good as none.
        ValueBuffer { IsEmpty: true } => "-",
        ValueBuffer buffer => $"{Convert.ToHexString(buffer.Bytes)} {buffer.State} {buffer.Version}",
        byte[] bytes => Convert.ToHexString(bytes),
        LockList list => list.Count.ToString(null, null),
        ModeCounts counts => string.Join(',', Enumerable.Range(0, ModeCounts.Modes).Select(mode => counts[mode])),
        System.Collections.ICollection many => many.Count.ToString(null, null),
        LockQueues => "queues",
        _ => $"{value}",
    };

    private static FieldInfo[] FieldsOf(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
}
