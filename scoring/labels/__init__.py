"""The committee's labels: loaded, compared between versions, restricted, split."""
