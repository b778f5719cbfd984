"""A local web page that uses a model: its server, what it shows of a clip, and the npm packages that it loads.

Nothing here sends a clip anywhere but to the browser on the same machine.
"""
