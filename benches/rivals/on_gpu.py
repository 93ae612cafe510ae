"""Grad-CAM, guided backpropagation and guided Grad-CAM of a batch by PyTorch on a GPU, with as little work as possible.

    on_gpu.py WEIGHTS PHOTO CLASS

Answers each line of standard input: `maps N` with the milliseconds of the second of two runs over N photos, the maps copied
back; `versions` with a line of text. In float32 throughout: TF32 is off.
"""

import sys
import time

import torch
import torch.nn.functional as F
from by_hand import ByHand
from networks import square, tensor, vgg19

LAYER = 35  # the ReLU after conv5_4


class Batches(ByHand):
    """The same for several photos at once, copied back."""

    def maps(self, x, target):
        x = x.clone().requires_grad_()
        score = self.net(x)[:, target].sum()
        (gradient,) = torch.autograd.grad(score, self.activation, retain_graph=True)
        cam = (gradient.mean((2, 3), keepdim=True) * self.activation.detach()).sum(1, keepdim=True)
        self.guided = True
        (guided,) = torch.autograd.grad(score, x)
        self.guided = False
        positive = cam.clamp(min=0)
        positive = positive / positive.amax((1, 2, 3), keepdim=True).clamp(min=1e-30)
        large = F.interpolate(positive, size=x.shape[2:], mode="bilinear", align_corners=False)
        return [values.cpu() for values in (cam, guided, large * guided)]


def main():
    weights, photo, target = sys.argv[1:]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    hand, one = Batches(vgg19(weights).cuda(), LAYER), tensor(square(photo, 224), False).cuda()
    for line in sys.stdin:
        work, *rest = line.split()
        if work == "versions":
            print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}", flush=True)
            continue
        x = one.repeat(int(rest[0]), 1, 1, 1)
        hand.maps(x, int(target))
        torch.cuda.synchronize()
        start = time.perf_counter()
        hand.maps(x, int(target))
        torch.cuda.synchronize()
        print(1000 * (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
