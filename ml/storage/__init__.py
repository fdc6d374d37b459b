"""Storage of pixels and features: Zarr arrays in a folder or a bucket."""
