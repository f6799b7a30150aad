"""The names of the ways to score channels, apart from `pruning`, which needs TensorFlow to do it."""

METHODS = ("l1", "l2", "gradient", "apoz", "relevance")
