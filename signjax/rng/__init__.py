"""Every random stream by name, the generator behind them, and a key for each clip of a batch."""
