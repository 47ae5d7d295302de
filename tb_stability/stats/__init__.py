"""Running statistics of one series: framework-free, bounded in memory, one value at a time."""
