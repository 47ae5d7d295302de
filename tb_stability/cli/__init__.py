"""The command `tb-stability`."""
