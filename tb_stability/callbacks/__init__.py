"""What a user adds to a training: one file a way of training."""
