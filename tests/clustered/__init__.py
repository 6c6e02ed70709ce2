"""The demo once more, on more than one machine: `make demo-cluster`."""
