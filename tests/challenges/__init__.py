"""Public challenges as declarations, each held to the figure that its published tool or scikit-learn gives."""
