"""From a file to its score: labels, evaluator, column store, feedback, similarity."""
