"""Where pixels and features stay: Zarr arrays in a folder or a bucket."""
