"""Loss, optimizer, state, steps, and the loop that runs them."""
