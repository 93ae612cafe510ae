"""Grad-CAM, guided backpropagation and guided Grad-CAM with as little PyTorch work as possible: one forward pass, for
Grad-CAM a backward pass of the layers after its target only, and one guided backward pass. No gradient of any weight."""

import torch
import torch.nn.functional as F


class ByHand:
    """Explains `net` at its feature number `layer`."""

    def __init__(self, net, layer):
        self.net, self.guided = net.requires_grad_(False), False
        for module in net.modules():
            if isinstance(module, torch.nn.ReLU):
                module.register_forward_hook(self.watch)
        net.features[layer].register_forward_hook(self.keep)

    def watch(self, _module, _input, output):
        """Lets ReLUs pass only positive gradients, when asked."""
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient.clamp(min=0) if self.guided else gradient)

    def keep(self, _module, _input, output):
        self.activation = output

    def forward(self, x):
        """Scores, with all that gradients need."""
        self.x = x.clone().requires_grad_()
        self.scores = self.net(self.x)[0]
        return self.scores

    def grad_cam(self, target):
        """The signed map of one class, from the forward pass before."""
        (gradient,) = torch.autograd.grad(self.scores[target], self.activation, retain_graph=True)
        return (gradient.mean((2, 3), keepdim=True) * self.activation.detach()).sum(1)[0]

    def guided_backprop(self, target):
        self.guided = True
        (gradient,) = torch.autograd.grad(self.scores[target], self.x, retain_graph=True)
        self.guided = False
        return gradient[0]

    def maps(self, target):
        """The three maps, from the forward pass before."""
        cam, guided = self.grad_cam(target), self.guided_backprop(target)
        positive = cam.clamp(min=0)
        positive = positive / positive.max().clamp(min=1e-30)
        large = F.interpolate(positive[None, None], size=self.x.shape[2:], mode="bilinear", align_corners=False)[0]
        return cam, guided, large * guided
