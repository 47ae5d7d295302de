"""The viewer side: reads runs through TensorBoard's data provider and serves them; see `http_api.md`."""
