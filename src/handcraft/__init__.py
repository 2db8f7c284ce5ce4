"""Which decisions of a language model are linear, and can a person write them down?"""

import os

# NumPy's sums depend in the last digit on how many threads its BLAS uses: one, everywhere, so that two builds are
# identical. It is read when NumPy is first imported, hence here. PyTorch's threads are set by each job.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
