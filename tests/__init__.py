"""The tests run side by side, and threads of torch and BLAS would wait for each other's cores after every layer."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
