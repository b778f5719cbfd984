"""From a clip as its source gave it to the clip that is stored: `clean`, and a file for each of its steps."""
