// The sockets under test make system calls of Linux.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
