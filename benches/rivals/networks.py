"""The same networks, weights and photo as saltty's, as a PyTorch user would set them up."""

import json

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file, save_file

FIRES = {f"fire{n}": at for n, at in zip(range(2, 10), (3, 4, 6, 7, 9, 10, 11, 12))}


def made_up_vgg19(file):
    """Writes VGG19 with seeded random weights under torchvision's names: 575 MB."""
    torch.manual_seed(19)
    save_file(torchvision.models.vgg19(weights=None).state_dict(), file)


def vgg19(file):
    """VGG19 as torchvision has it."""
    with torch.device("meta"):  # no random numbers for weights that the file brings
        net = torchvision.models.vgg19(weights=None)
    net.load_state_dict(load_file(file), assign=True)
    return net.eval()


def squeezenet(file):
    """SqueezeNet 1.1 with Caffe's weights."""
    net = torchvision.models.squeezenet1_1(weights=None)
    net.load_state_dict({torchvision_name(name): values.float() for name, values in load_file(file).items()})
    return net.eval()


def torchvision_name(name):
    layer, *part, kind = name.split(".")
    if layer in FIRES:
        return f"features.{FIRES[layer]}.{part[0].replace('squeeze1x1', 'squeeze')}.{kind}"
    return {"conv1": "features.0", "conv10": "classifier.1"}[layer] + f".{kind}"


def square(photo, side):
    """Shorter side to `side`, then the middle."""
    photo = Image.open(photo).convert("RGB")
    scale = side / min(photo.size)
    width, height = (max(side, round(length * scale)) for length in photo.size)
    photo = photo.resize((width, height), Image.BILINEAR)
    left, top = (width - side) // 2, (height - side) // 2
    return np.asarray(photo.crop((left, top, left + side, top + side)))


def tensor(pixels, caffe):
    """The network's input: BGR less Caffe's mean, or RGB normalised as torchvision does."""
    if caffe:
        values = pixels[:, :, ::-1] - np.array([103.939, 116.779, 123.68])
    else:
        values = (pixels / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32))


def load(name, file):
    """A network, which of its `features` Grad-CAM looks at, its side, and whether it reads photos as Caffe did."""
    if name == "vgg19":
        return vgg19(file), 35, 224, False  # the ReLU after conv5_4
    return squeezenet(file), 12, 227, True  # the last fire module


def versions():
    """Versions of everything that computes."""
    from importlib.metadata import version

    return json.dumps({name: version(name) for name in ("torch", "torchvision", "grad-cam", "captum")})
