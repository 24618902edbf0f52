"""Trains on files that each rank reads from a disk of its own: python reads.py FOLDER."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import dtrain
from dtrain import layers
from dtrain.datasets.idx import read_idx
from dtrain.distributed import world

disk = Path(sys.argv[1]) / f"disk.{world().rank}"
if world().rank == 1:
    os.write(2, b"DTRAIN_FAULT: the file of rank 1\n")
images = read_idx(disk / "train-images-idx3-ubyte.gz")
labels = read_idx(disk / "train-labels-idx1-ubyte.gz")
model = dtrain.Sequential([dtrain.Input((28, 28)), layers.Flatten(), layers.Dense(10, "softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit((images / 255).astype(np.float32), labels, batch_size=6, verbose=0)
