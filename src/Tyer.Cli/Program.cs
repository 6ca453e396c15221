using Tyer.Cli;
using Tyer.Cli.Bench;
using Tyer.Cli.Bench.Recovery;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Running;
using Tyer.Cli.Trials;
using Tyer.Daemon;

// Before anything else: the helper of `run` has no time to lose.
if (args is [HelperProtocol.Verb, ..]) return CommandHelper.Run(args);

// What others see in their lists; not 'dotnet'.
ProcessTitle.Set(args is [PrivateDaemon.Verb, ..] ? "tyerd" : TyerCommand.Name);
if (args is [PrivateDaemon.Verb, .. var rest]) return await DaemonProgram.RunAsync(rest, $"{TyerCommand.Name} {PrivateDaemon.Verb}").ConfigureAwait(false);

if (args is [BenchChild.Verb, ..]) return await BenchChild.RunAsync(args).ConfigureAwait(false);

if (args is [LoadWorker.Verb, ..]) return await LoadWorker.RunAsync(args).ConfigureAwait(false);

if (args is [CountingWorker.Verb, ..]) return await CountingWorker.RunAsync(args).ConfigureAwait(false);

int code = await TyerCommand.RunAsync(args, Surroundings.OfProcess()).ConfigureAwait(false);
JobTerminal.EndProcess(code);
return code;
