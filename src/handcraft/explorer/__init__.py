"""The explorer: one page in which to look at the weights of the linear models, and the same in the terminal."""
