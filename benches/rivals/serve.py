"""Answers one line of standard input after another with the milliseconds that the work took, or with JSON.

    serve.py NETWORK WEIGHTS PHOTO CLASS

Work is done once before it is timed.
"""

import json
import sys
import time

import torch
from by_hand import ByHand
from networks import load, square, tensor, versions
from safetensors.torch import load_file


def main():
    torch.set_num_threads(2)
    name, weights, photo, target = sys.argv[1:]
    target = int(target)
    net, layer, side, caffe = load(name, weights)
    x = tensor(square(photo, side), caffe)
    hand = ByHand(net, layer)
    rivals = Rivals(name, weights, x, target)
    seen = 0

    def forward():
        with torch.no_grad():
            net(x)

    def another_class():
        nonlocal seen
        seen += 1
        hand.grad_cam((target + seen) % 1000)

    works = {
        "forward": forward,
        "maps": lambda: (hand.forward(x), hand.maps(target)),
        "another-class": another_class,
        "pytorch-grad-cam": rivals.pytorch_grad_cam,
        "captum": rivals.captum,
    }
    for line in sys.stdin:
        work, *rest = line.split()
        if work == "versions":
            print(versions(), flush=True)
        elif work == "compare":
            print(compare(hand, x, target, rest[0]), flush=True)
        else:
            if work == "another-class":
                hand.forward(x)
            print(timed(works[work]), flush=True)


def timed(work):
    work()
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


class Rivals:
    """The libraries, each as its documentation uses it, on a network of its own (their hooks stay on it)."""

    def __init__(self, name, weights, x, target):
        self.load = lambda: load(name, weights)[:2]
        self.x, self.target, self.ready = x, target, {}

    def network(self, rival):
        if rival not in self.ready:
            net, layer = self.load()
            for module in net.modules():
                if isinstance(module, torch.nn.ReLU):
                    module.inplace = False  # both ask for this
            self.ready[rival] = net, layer
        net, layer = self.ready[rival]
        return net, net.features[layer]  # looked up each time: pytorch-grad-cam puts other ReLUs in their places

    def pytorch_grad_cam(self):
        from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        net, layer = self.network("pytorch-grad-cam")
        with GradCAM(model=net, target_layers=[layer]) as cam:
            coarse = cam(input_tensor=self.x, targets=[ClassifierOutputTarget(self.target)])[0]
        guided = GuidedBackpropReLUModel(model=net, device="cpu")(self.x.clone(), target_category=self.target)
        return guided * coarse[:, :, None]

    def captum(self):
        from captum.attr import GuidedGradCam

        net, layer = self.network("captum")
        return GuidedGradCam(net, layer).attribute(self.x.clone().requires_grad_(), target=self.target)


def compare(hand, x, target, file):
    """Relative distances of saltty's arrays in `file` from PyTorch's: a benchmark of wrong numbers is worthless."""
    ours = load_file(file)
    hand.forward(x)
    cam, guided, both = hand.maps(target)
    theirs = {
        "input": x[0],
        "scores": hand.scores.detach(),
        "gradcam_signed": cam,
        "guided_backprop": guided,
        "guided_gradcam": both,
    }
    return json.dumps({name: float((ours[name] - value).norm() / value.norm()) for name, value in theirs.items()})


if __name__ == "__main__":
    main()
