"""What a model takes over from elsewhere: the weights of another one, the statistics of a new signer."""
