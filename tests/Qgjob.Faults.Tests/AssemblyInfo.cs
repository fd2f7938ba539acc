// Every test needs the whole machine: what it measures is how long real processes take.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
