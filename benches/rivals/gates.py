"""How many ReLU gates PyTorch flips in float32 against float64, of those behind VGG19's convolutions.

    python gates.py vgg19_features.safetensors cat_and_dog.vgg19.top1.safetensors

Both files hold what their names say under torchvision's names, the second the network's `input`, 3 x 224 x 224.
"""

import sys

import torch
import torchvision
from safetensors.torch import load_file


def gates(layers, x):
    """Which rectifiers' outputs are above zero."""
    found = []
    with torch.no_grad():
        for layer in layers:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                found.append((x > 0).flatten())
    return torch.cat(found)


def main():
    features, reference = map(load_file, sys.argv[1:])
    layers = torchvision.models.vgg19(weights=None).features
    layers.load_state_dict({name.removeprefix("features."): values for name, values in features.items()})
    x = reference["input"].reshape(1, 3, 224, 224)
    exact = gates(layers.double(), x.double())
    flipped = int((gates(layers.float(), x.float()) != exact).sum())
    print(f"PyTorch {torch.__version__}: {flipped} of {exact.numel()} ReLU gates flipped in float32")


if __name__ == "__main__":
    main()
