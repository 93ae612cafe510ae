"""Cuts full reference arrays down to what the tests need without them.

    python cut.py FULL_DIR OUT_DIR

Vectors and 14x14 maps stay whole; of each pixel map (3 x side x side) every fourth row and column is kept. What Captum
and pytorch-grad-cam themselves put out for the cat goes into a file of its own, `...cat.tools.safetensors`.
"""
import pathlib
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

KEEP = ["scores", "gradcam_alpha", "gradcam_signed", "hirescam_signed"]
FINE = ["input", "gradient", "guided_backprop", "deconvnet", "guided_gradcam"]
TOOLS = ["captum_layer_gradcam", "captum_guided_backprop", "captum_guided_gradcam_nearest", "pgc_gradcam"]

full, out = map(pathlib.Path, sys.argv[1:])
for label in ["cat", "dog"]:
    name = f"cat_and_dog.squeezenet1_1.{label}.safetensors"
    with safe_open(full / name, "np") as f:
        arrays = {k: f.get_tensor(k) for k in KEEP} | {k: f.get_tensor(k)[:, ::4, ::4] for k in FINE}
        arrays = {k: np.ascontiguousarray(v) for k, v in arrays.items()}
        save_file(arrays, out / name, metadata=f.metadata() | {"pixel_stride": "4"})
        if label == "cat":
            tools = {k: f.get_tensor(k) for k in TOOLS}
            tools = {k: v[..., ::4, ::4] if v.shape[-1] > 14 else v for k, v in tools.items()}
            tools = {k: np.ascontiguousarray(v) for k, v in tools.items()}
            name = name.replace(".cat.", ".cat.tools.")
            save_file(tools, out / name, metadata=f.metadata() | {"pixel_stride": "4"})
