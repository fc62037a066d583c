"""The signalling edge and the composition root. Twisted lives here and nowhere else."""
