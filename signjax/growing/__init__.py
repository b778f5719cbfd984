"""What a trained model learns later: the signs as a new signer makes them."""
