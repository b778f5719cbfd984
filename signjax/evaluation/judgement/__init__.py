"""What a person should think of a run: pure functions of its numbers. docs/report.md states every rule."""
