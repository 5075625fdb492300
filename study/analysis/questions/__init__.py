"""The questions of the study, one folder each."""
