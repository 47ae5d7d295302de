"""Measures of a training step of Keras on TensorFlow, taken inside the compiled step."""
