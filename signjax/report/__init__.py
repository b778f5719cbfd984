"""What a person sees of a run: plots, stick figures, the report page, the data card."""
