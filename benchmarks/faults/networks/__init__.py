"""The architectures, one a file. Each has `VIEW`, what it takes, and `build`, which makes it.

All have these options: `activation` of the hidden layers; `gain`, a factor on the usual size of the initial
weights, 0 for none; `output_activation`; `dropout`, a share.
"""
