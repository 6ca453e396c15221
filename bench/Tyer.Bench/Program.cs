using BenchmarkDotNet.Running;

// A benchmark that fails, or a filter that matches none, is an error: a table with holes is easily overlooked.
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args).ToList();
return summaries.Count > 0 && summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
