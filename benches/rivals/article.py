"""The listing of the article "How to visually explain any CNN-based model", on Keras' VGG19 without its classifier.

    article.py WEIGHTS PHOTO

Answers each line of standard input with the milliseconds of its three maps, done once before they are timed.
"""

import sys
import time

import numpy as np
import tensorflow as tf
from PIL import Image
from safetensors.numpy import load_file
from skimage.transform import resize

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)


@tf.custom_gradient
def guided_relu(x):
    return tf.nn.relu(x), lambda dy: tf.cast(dy > 0, "float32") * tf.cast(x > 0, "float32") * dy


def network(file):
    model = tf.keras.applications.vgg19.VGG19(weights=None, include_top=False, input_shape=(224, 224, 3))
    weights, numbers = load_file(file), iter(CONVOLUTIONS)
    for layer in model.layers:
        if "conv" in layer.name:
            name = f"features.{next(numbers)}"
            layer.set_weights([weights[f"{name}.weight"].transpose(2, 3, 1, 0), weights[f"{name}.bias"]])
    guided = tf.keras.models.Model(inputs=model.inputs, outputs=model.get_layer("block5_conv4").output)
    for layer in guided.layers[1:]:
        if getattr(layer, "activation", None) == tf.keras.activations.relu:
            layer.activation = guided_relu
    return guided


def maps(guided, photo):
    with tf.GradientTape() as tape:
        tape.watch(photo)
        outputs = guided(photo)[0]
    gradients = tape.gradient(outputs, photo)[0].numpy()
    outputs = outputs.numpy()
    cam = np.ones(outputs.shape[:2], np.float32)
    for index, weight in enumerate(gradients.mean((0, 1))):
        cam += weight * outputs[:, :, index]
    cam = np.maximum(cam, 0)
    cam = resize(cam / max(cam.max(), 1e-30), (224, 224), preserve_range=True)
    return gradients, cam, gradients * cam[:, :, None]


def main():
    tf.config.threading.set_intra_op_parallelism_threads(2)
    guided = network(sys.argv[1])
    pixels = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((224, 224)))
    photo = tf.constant(tf.keras.applications.vgg19.preprocess_input(pixels[None].astype(np.float32)))
    for _ in sys.stdin:
        maps(guided, photo)
        start = time.perf_counter()
        maps(guided, photo)
        print(1000 * (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
