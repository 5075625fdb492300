"""From a plan to published networks: processes, clusters, progress, estimates of time."""
