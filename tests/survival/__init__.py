"""Kill it, fill its disk, damage its files, feed it rubbish: what must be true afterwards. `make survive`; a slice in `make test`."""
