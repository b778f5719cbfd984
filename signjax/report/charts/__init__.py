"""Charts as inline SVG: they need no script, follow the page's colours, and have a text alternative."""
