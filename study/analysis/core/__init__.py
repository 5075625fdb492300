"""What all questions share: tests, verdicts, results."""
