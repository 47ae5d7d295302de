"""The log format: what a run is as TensorBoard tags and values; see `README.md`."""
