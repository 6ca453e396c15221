using Tyer.Cli.Running;

if (args is [HelperProtocol.Verb, ..]) return CommandHelper.Run(args);
if (args is ["try", .. var rest])
{
    using var terminal = JobTerminal.TryOpen();
    using var p = CommandProcess.Prepare(SelfCommand.Current, RawArguments.Last(rest.Length), terminal, () => true);
    using var f = new SignalForwarding(terminal is not null, p.Signal);
    if (terminal is not null) JobTerminal.KeepSettings();
    p.Go([new("TYER_TOKEN", "7.1")]);
    var end = p.Ended.GetAwaiter().GetResult();
    Console.Error.WriteLine(end);
    terminal?.Dispose();
    JobTerminal.EndProcess(end.ExitCode);
    return end.ExitCode;
}
return 0;
