"""Evaluations on a Dask cluster, in place of the children of this host."""
