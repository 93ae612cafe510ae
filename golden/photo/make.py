"""Makes the pictures that Pillow's arithmetic is checked with.

    python make.py        # Pillow 13.0.0

nearest_*: what Keras' `load_img(target_size=...)` does, `Image.resize(..., NEAREST)`, to a picture whose pixels say where
they are. cat_224 and enlarged_*: shorter side to the network's, bilinear, centre crop. The others are kinds of files that the
`image` crate does not write: a palette with a transparent entry, one bit a pixel, a moving WebP, CMYK.
"""
import pathlib

from PIL import Image

here = pathlib.Path(__file__).parent


def places(width, height):
    picture = Image.new("RGB", (width, height))
    picture.putdata([(x % 256, y % 256, x // 256 * 16 + y // 256) for y in range(height) for x in range(width)])
    return picture


for width, height, side in [(37, 23, 224), (640, 480, 224), (301, 199, 227), (1000, 777, 224), (224, 225, 224)]:
    stretched = places(width, height).resize((side, side), Image.NEAREST)
    stretched.save(here / f"nearest_{width}x{height}_to_{side}.png", optimize=True)



def squared(picture, side):
    scale = side / min(picture.size)
    large = picture.resize([max(side, round(n * scale)) for n in picture.size], Image.BILINEAR)
    left, top = (large.width - side) // 2, (large.height - side) // 2
    return large.crop((left, top, left + side, top + side))


squared(Image.open(here / "../../fixtures/cat.png").convert("RGB"), 224).save(here / "cat_224.png", optimize=True)
small = Image.new("RGB", (37, 23))
small.putdata([(x * 41 % 256, y * 67 % 256, x * y * 13 % 256) for y in range(23) for x in range(37)])
squared(small, 227).save(here / "enlarged_37x23_to_227.png", optimize=True)

palette = Image.new("P", (3, 1))
palette.putpalette([255, 0, 0, 0, 255, 0, 9, 9, 9])
palette.putdata([0, 1, 2])
palette.save(here / "palette.png", transparency=2)
bits = Image.new("1", (3, 1))
bits.putdata([1, 0, 1])
bits.save(here / "bits.png")
first, second = Image.new("RGB", (4, 3), (10, 200, 30)), Image.new("RGB", (4, 3), (200, 10, 30))
first.save(here / "moving.webp", save_all=True, append_images=[second], lossless=True)
Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(here / "cmyk.jpg", quality=95)
print(Image.open(here / "cmyk.jpg").convert("RGB").getpixel((8, 8)))
