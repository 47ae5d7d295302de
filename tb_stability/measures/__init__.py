"""What is measured inside the training step; one folder a framework."""
