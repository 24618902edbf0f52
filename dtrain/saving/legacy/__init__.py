"""Files and configurations of Keras 1 and 2, and the HDF5 whole-model format that Keras 3 took over from them."""
