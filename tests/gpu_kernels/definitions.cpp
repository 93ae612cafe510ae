// The kernels of src/nn/cuda/kernels.cu, compiled as C++ and run by one thread, against what they are defined to compute.
// Random sizes, results cut into pieces as the GPU's scratch memory cuts them, memory filled with NaN before.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <random>
#include <vector>

using std::fma;
using std::min;
using std::size_t;

#define REAL double
#define __global__
#define __device__
static struct { unsigned x; } blockIdx = {0}, threadIdx = {0}, blockDim = {1}, gridDim = {1};
#include "../../src/nn/cuda/kernels.cu"

typedef std::vector<double> Numbers;
static std::mt19937 source(285);
static int checked = 0, wrong = 0;

static u32 any(u32 from, u32 to) { return std::uniform_int_distribution<u32>(from, to)(source); }

static Numbers noise(size_t count) {
    Numbers numbers(count);
    for (double &number : numbers) number = std::uniform_real_distribution<double>(-1, 1)(source);
    return numbers;
}

// Few values, so that many are equal, and some that are no numbers.
static Numbers coarse(size_t count) {
    Numbers numbers(count);
    for (double &number : numbers) number = any(0, 40) ? (double)any(0, 4) - 2 : NAN;
    return numbers;
}

static Numbers unwritten(size_t count) { return Numbers(count, NAN); }

static void same(const char *what, const Numbers &ours, const Numbers &theirs) {
    checked++;
    bool right = ours.size() == theirs.size();
    for (size_t i = 0; right && i < ours.size(); i++)
        right = std::isnan(theirs[i]) ? std::isnan(ours[i]) : std::fabs(ours[i] - theirs[i]) < 1e-10;
    if (!right) std::printf("%s is not as defined\n", what), wrong++;
}

// `places x inner` by the transposed `outputs x inner`.
static void multiply(const Numbers &a, const Numbers &b, u32 places, u32 inner, u32 outputs, double *c) {
    for (u32 place = 0; place < places; place++)
        for (u32 output = 0; output < outputs; output++) {
            double sum = 0;
            for (u32 k = 0; k < inner; k++) sum += a[(size_t)place * inner + k] * b[(size_t)output * inner + k];
            c[(size_t)place * outputs + output] = sum;
        }
}

struct Convolution {
    u32 batch, inputs, outputs, height, width, rows, columns, kernel, stride, padding;
    Numbers x, filters, bias, up, y, down;

    Windows windows(u32 channels) const { return {batch, channels, height, width, rows, columns, kernel, stride, padding}; }

    static Convolution random(bool keeps_the_size) {
        Convolution c;
        c.batch = any(1, 2), c.inputs = any(1, 4), c.outputs = any(1, 4);
        c.kernel = keeps_the_size ? 3 : any(1, 4), c.stride = keeps_the_size ? 1 : any(1, 3);
        c.padding = keeps_the_size ? 1 : any(0, c.kernel - 1);
        const u32 least = keeps_the_size ? 1 : c.kernel;
        c.height = any(least, least + 9), c.width = any(least, least + 9);
        c.rows = (c.height + 2 * c.padding - c.kernel) / c.stride + 1;
        c.columns = (c.width + 2 * c.padding - c.kernel) / c.stride + 1;
        c.x = noise(c.batch * c.height * c.width * c.inputs), c.up = noise(c.batch * c.rows * c.columns * c.outputs);
        c.filters = noise(c.outputs * c.kernel * c.kernel * c.inputs), c.bias = noise(c.outputs);
        c.define();
        return c;
    }

    void define() {
        y.assign(up.size(), 0), down.assign(x.size(), 0);
        for (size_t i = 0; i < y.size(); i++) y[i] = bias[i % outputs];
        for (u32 image = 0; image < batch; image++)
            for (u32 at = 0; at < rows * columns; at++)
                for (u32 tap = 0; tap < kernel * kernel; tap++) {
                    const int row = (int)(at / columns * stride + tap / kernel) - (int)padding;
                    const int column = (int)(at % columns * stride + tap % kernel) - (int)padding;
                    if (row < 0 || column < 0 || row >= (int)height || column >= (int)width) continue;
                    const size_t from = ((size_t)image * height * width + row * width + column) * inputs;
                    const size_t to = ((size_t)image * rows * columns + at) * outputs;
                    for (u32 output = 0; output < outputs; output++)
                        for (u32 input = 0; input < inputs; input++) {
                            const double weight = filters[(output * kernel * kernel + tap) * inputs + input];
                            y[to + output] += weight * x[from + input];
                            down[from + input] += weight * up[to + output];
                        }
                }
    }
};

static void by_columns(const Convolution &c) {
    const u32 taps = c.kernel * c.kernel, outputs = c.batch * c.rows * c.columns, inputs = c.batch * c.height * c.width;
    Numbers y = unwritten(c.y.size()), down = unwritten(c.down.size()), back(c.filters.size());
    for (u32 first = 0, each = any(1, outputs); first < outputs; first += each) {
        const u32 places = std::min(each, outputs - first);
        Numbers seen = unwritten(places * taps * c.inputs);
        columns(c.windows(c.inputs), first, places, c.x.data(), seen.data());
        multiply(seen, c.filters, places, taps * c.inputs, c.outputs, &y[first * c.outputs]);
    }
    add_bias(y.size(), c.outputs, c.bias.data(), y.data());
    same("a convolution by columns", y, c.y);
    for (u32 at = 0; at < back.size(); at++) {
        const u32 input = at / c.outputs / taps, tap = at / c.outputs % taps, output = at % c.outputs;
        back[at] = c.filters[(output * taps + tap) * c.inputs + input];
    }
    for (u32 first = 0, each = any(1, inputs); first < inputs; first += each) {
        const u32 places = std::min(each, inputs - first);
        Numbers seen = unwritten(places * taps * c.outputs);
        columns_gradient(c.windows(c.outputs), first, places, c.up.data(), seen.data());
        multiply(seen, back, places, taps * c.outputs, c.inputs, &down[first * c.inputs]);
    }
    same("its gradient", down, c.down);
}

// Its kernels with tiles of side `tile`.
struct Winograd {
    u32 tile;
    void (*filters)(u32, u32, u32, const double *, double *);
    void (*input)(Windows, u32, u32, const double *, double *);
    void (*output)(Windows, u32, u32, const double *, u32, const double *, double *);
};

static void by_winograd(const Winograd &kernels, const Convolution &c, bool back) {
    const u32 from = back ? c.outputs : c.inputs, to = back ? c.inputs : c.outputs, tile = kernels.tile;
    const u32 all = c.batch * ((c.height + tile - 1) / tile) * ((c.width + tile - 1) / tile);
    const u32 elements = (tile + 2) * (tile + 2);
    Numbers matrices = unwritten(elements * from * to), y = unwritten(c.batch * c.height * c.width * to);
    kernels.filters(c.outputs, c.inputs, back, c.filters.data(), matrices.data());
    for (u32 first = 0, each = any(1, all); first < all; first += each) {
        const u32 tiles = std::min(each, all - first);
        Numbers seen = unwritten(elements * tiles * from), made(elements * tiles * to, 0);
        kernels.input(c.windows(from), first, tiles, back ? c.up.data() : c.x.data(), seen.data());
        for (u32 at = 0; at < elements * tiles; at++)
            for (u32 k = 0; k < from; k++)
                for (u32 channel = 0; channel < to; channel++)
                    made[at * to + channel] += seen[at * from + k] * matrices[(at / tiles * from + k) * to + channel];
        kernels.output(c.windows(to), first, tiles, made.data(), !back, c.bias.data(), y.data());
    }
    same(back ? "a gradient by minimal filtering" : "a convolution by minimal filtering", y, back ? c.down : c.y);
}

static void pooling() {
    const u32 batch = any(1, 2), channels = any(1, 3), kernel = any(1, 3), stride = any(1, 3), ceiling = any(0, 1);
    const u32 height = kernel + any(0, 8), width = kernel + any(0, 8);
    const auto slid = [&](u32 side) {
        const u32 windows = (side - kernel + (ceiling ? stride - 1 : 0)) / stride + 1;
        return (windows - 1) * stride >= side ? windows - 1 : windows;
    };
    const u32 rows = slid(height), columns = slid(width);
    const Windows windows = {batch, channels, height, width, rows, columns, kernel, stride, 0};
    const Numbers x = coarse(batch * height * width * channels), up = noise(batch * rows * columns * channels);
    Numbers y(up.size()), down(x.size(), 0), ours = unwritten(y.size()), back = unwritten(down.size());
    for (u32 i = 0; i < y.size(); i++) {
        const u32 channel = i % channels, window = i / channels, image = window / columns / rows;
        size_t best = x.size();
        for (u32 tap = 0; tap < kernel * kernel; tap++) {
            const u32 row = window / columns % rows * stride + tap / kernel, column = window % columns * stride + tap % kernel;
            const size_t place = ((size_t)(image * height + row) * width + column) * channels + channel;
            if (row >= height || column >= width) continue;
            if (best == x.size() || x[place] > x[best] || std::isnan(x[place])) best = place;
        }
        y[i] = x[best], down[best] += up[i];
    }
    pool(windows, x.data(), ours.data());
    pool_gradient(windows, x.data(), up.data(), back.data());
    same("a pooling", ours, y);
    same("its gradient", back, down);
    if (kernel > stride) return;
    Numbers alone = unwritten(down.size());
    pool_gradient_apart(windows, x.data(), up.data(), alone.data());
    same("its gradient by windows", alone, down);
}

static void gates() {
    const u32 count = any(1, 300);
    const Numbers x = coarse(count), up = coarse(count);
    Numbers y = unwritten(count), sum = up, want(count);
    for (u32 i = 0; i < count; i++) want[i] = x[i] > 0 || std::isnan(x[i]) ? x[i] : 0;
    rectify(count, x.data(), y.data());
    same("a rectifier", y, want);
    for (u32 rule = 0; rule < 3; rule++) {
        Numbers down = unwritten(count);
        for (u32 i = 0; i < count; i++) {
            const bool open = rule == 2 || y[i] > 0, positive = rule == 0 || !(up[i] <= 0);
            want[i] = open && positive ? up[i] : 0;
        }
        gate(count, rule, y.data(), up.data(), down.data());
        same("a gate", down, want);
    }
    for (u32 i = 0; i < count; i++) want[i] = x[i] + up[i];
    add(count, x.data(), sum.data());
    same("a sum", sum, want);
}

static void layouts() {
    const u32 batch = any(1, 3), area = any(1, 30), channels = any(1, 5), places = batch * area;
    const Numbers a = noise(places * channels), b = noise(places * channels), each = noise(batch * channels);
    Numbers planes(a.size()), rows = unwritten(a.size()), ours = unwritten(a.size()), means(batch * channels, 0);
    Numbers joined(2 * a.size()), both = unwritten(2 * a.size()), half = unwritten(a.size()), sums(places, 0);
    Numbers averages = unwritten(means.size()), spread(a.size()), down = unwritten(a.size()), added = unwritten(places);
    for (u32 i = 0; i < a.size(); i++) {
        const u32 channel = i % channels, place = i / channels, image = place / area;
        planes[(image * channels + channel) * area + place % area] = a[i];
        joined[2 * place * channels + channel] = a[i], joined[(2 * place + 1) * channels + channel] = b[i];
        means[image * channels + channel] += a[i] / area;
        spread[i] = each[image * channels + channel] / area;
        sums[place] += a[i] * each[image * channels + channel];
    }
    turn(batch, area, channels, a.data(), ours.data());
    same("planes of rows", ours, planes);
    turn(batch, channels, area, planes.data(), rows.data());
    same("rows of planes", rows, a);
    beside(places, channels, a.data(), b.data(), both.data());
    same("maps side by side", both, joined);
    for (u32 second = 0; second < 2; second++) {
        apart(places, channels, second, both.data(), half.data());
        same("maps apart", half, second ? b : a);
    }
    average(batch, area, channels, a.data(), averages.data());
    same("means of planes", averages, means);
    average_gradient(batch, area, channels, each.data(), down.data());
    same("their gradient", down, spread);
    weighted(places, area, channels, a.data(), each.data(), added.data());
    same("weighted sums of planes", added, sums);
}

int main() {
    for (int round = 0; round < 300; round++) {
        by_columns(Convolution::random(round % 2));
        const Convolution keeping = Convolution::random(true);
        const Winograd two = {2, winograd2_filters, winograd2_input, winograd2_output};
        const Winograd four = {4, winograd4_filters, winograd4_input, winograd4_output};
        for (const Winograd &kernels : {two, four}) by_winograd(kernels, keeping, false), by_winograd(kernels, keeping, true);
        pooling();
        gates();
        layouts();
    }
    std::printf("%d results, %d wrong\n", checked, wrong);
    return wrong != 0;
}
