"""The promises judged: runs, verdicts, reports."""
