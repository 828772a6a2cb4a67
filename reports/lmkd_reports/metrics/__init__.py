"""The metrics by which gate and history compare runs, and the samples of each arm in each stratum."""
