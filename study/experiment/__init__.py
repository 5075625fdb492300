"""The experiment on one network: training and measurements."""
