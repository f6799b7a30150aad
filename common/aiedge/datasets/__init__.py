"""Pictures to train and test on."""
