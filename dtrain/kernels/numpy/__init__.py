"""The kernels in NumPy: the reference, and what runs where nothing faster was built."""
