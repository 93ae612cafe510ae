"""What `saltty explain` and `saltty` do with one photo, as scripts that begin from nothing.

    cold.py vgg19 WEIGHTS PHOTO FOLDER            three maps and their overlays as PNG files
    cold.py squeezenet1_1 WEIGHTS PHOTO -         photo, Grad-CAM and overlay as half blocks on standard output
"""

import sys

import numpy as np
import torch
from by_hand import ByHand
from networks import load, square, tensor
from PIL import Image


def jet(values):
    """MATLAB's colours for numbers from 0 to 1."""
    ramp = [np.clip(1.5 - np.abs(4 * values - centre), 0, 1) for centre in (3, 2, 1)]
    return (255 * np.stack(ramp, -1)).round().astype(np.uint8)


def coarse(cam, side):
    positive = cam.clamp(min=0)
    positive = positive / positive.max().clamp(min=1e-30)
    large = torch.nn.functional.interpolate(positive[None, None], size=(side, side), mode="bilinear")
    return jet(large[0, 0].numpy())


def fine(gradient, caffe):
    """As pytorch-grad-cam shows pixel maps: around grey, a tenth of the range for the deviation."""
    values = gradient.numpy().transpose(1, 2, 0)[:, :, :: -1 if caffe else 1]
    values = (values - values.mean()) / (values.std() + 1e-5) * 0.1 + 0.5
    return (255 * values.clip(0, 1)).astype(np.uint8)


def magnitude(gradient):
    size = gradient.abs().amax(0).numpy()
    return jet((size / max(np.percentile(size, 99), 1e-30)).clip(0, 1))


def half_blocks(pictures, columns):
    """Pictures side by side, two pixels a character."""
    small = [np.asarray(Image.fromarray(p).resize((columns, columns // 2 * 2), Image.BOX)) for p in pictures]
    for upper in range(0, len(small[0]), 2):
        cells = [
            "".join(
                f"\x1b[38;2;{';'.join(map(str, top))};48;2;{';'.join(map(str, bottom))}m▀"
                for top, bottom in zip(picture[upper], picture[upper + 1])
            )
            for picture in small
        ]
        print("\x1b[0m  ".join(cells) + "\x1b[0m")


def main():
    torch.set_num_threads(2)
    name, weights, photo, folder = sys.argv[1:]
    net, layer, side, caffe = load(name, weights)
    pixels = square(photo, side)
    hand = ByHand(net, layer)
    overlay = lambda colours: ((pixels.astype(np.uint16) + colours) // 2).astype(np.uint8)
    scores = hand.forward(tensor(pixels, caffe))
    target = int(scores.argmax())
    if folder == "-":
        colours = coarse(hand.grad_cam(target), side)
        half_blocks([pixels, colours, overlay(colours)], 32)
        return
    cam, guided, both = hand.maps(target)
    shown = {
        "grad-cam": (coarse(cam, side),) * 2,
        "guided-backprop": (fine(guided, caffe), magnitude(guided)),
        "guided-grad-cam": (fine(both, caffe), magnitude(both)),
    }
    for method, (alone, colours) in shown.items():
        Image.fromarray(alone).save(f"{folder}/{method}.map.png")
        Image.fromarray(overlay(colours)).save(f"{folder}/{method}.overlay.png")


if __name__ == "__main__":
    main()
