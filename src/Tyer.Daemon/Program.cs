return await Tyer.Daemon.DaemonProgram.RunAsync(args, "tyerd").ConfigureAwait(false);
