// saltty's layers on a GPU, for numbers of type REAL (float or double; build.rs compiles both).
//
// Values lie as rows: image after image, place after place, the channels of a place together. Every kernel computes each
// number of its result in one thread, in one order: no atomics, so results are the same from run to run.

typedef unsigned int u32;

// Windows that slide over a batch of maps, and the channels of what a kernel counts in; as `Sliding` in sliding.rs.
struct Windows {
    u32 batch, channels, height, width, rows, columns, kernel, stride, padding;
};

#define EACH(i, count)                                                                        \
    for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += gridDim.x * blockDim.x)

// ---- rectifiers -----------------------------------------------------------------------------------------------------

// A NaN stays.
extern "C" __global__ void rectify(u32 count, const REAL *x, REAL *y) {
    EACH(i, count) y[i] = x[i] <= 0 ? (REAL)0 : x[i];
}

// Rules: 0 gradient, 1 guided, 2 deconvnet. A NaN of `up` passes where the input's sign lets it.
extern "C" __global__ void gate(u32 count, u32 rule, const REAL *y, const REAL *up, REAL *down) {
    EACH(i, count) {
        const bool open = rule == 2 || y[i] > 0, blocked = rule != 0 && up[i] <= 0;
        down[i] = open && !blocked ? up[i] : (REAL)0;
    }
}

// ---- sums and layouts ------------------------------------------------------------------------------------------------

extern "C" __global__ void add(u32 count, const REAL *other, REAL *sum) {
    EACH(i, count) sum[i] += other[i];
}

extern "C" __global__ void add_bias(u32 count, u32 channels, const REAL *bias, REAL *y) {
    EACH(i, count) y[i] += bias[i % channels];
}

// Transposes each of `batch` matrices of `high` rows.
extern "C" __global__ void turn(u32 batch, u32 high, u32 wide, const REAL *in, REAL *out) {
    EACH(i, batch * high * wide) {
        const u32 row = i % high, column = i / high % wide, image = i / high / wide;
        out[i] = in[(image * high + row) * wide + column];
    }
}

// Places of two maps of `channels` channels, side by side; and apart.
extern "C" __global__ void beside(u32 places, u32 channels, const REAL *a, const REAL *b, REAL *out) {
    EACH(i, 2 * places * channels) {
        const u32 channel = i % (2 * channels), place = i / (2 * channels);
        const REAL *from = channel < channels ? a : b;
        out[i] = from[place * channels + channel % channels];
    }
}

extern "C" __global__ void apart(u32 places, u32 channels, u32 second, const REAL *both, REAL *out) {
    EACH(i, places * channels) out[i] = both[(2 * (i / channels) + second) * channels + i % channels];
}

extern "C" __global__ void average(u32 batch, u32 area, u32 channels, const REAL *x, REAL *y) {
    EACH(i, batch * channels) {
        const REAL *plane = x + (size_t)(i / channels) * area * channels + i % channels;
        double sum = 0;
        for (u32 place = 0; place < area; place++) sum += plane[(size_t)place * channels];
        y[i] = (REAL)(sum / area);
    }
}

extern "C" __global__ void average_gradient(u32 batch, u32 area, u32 channels, const REAL *up, REAL *down) {
    EACH(i, batch * area * channels) down[i] = up[i / (area * channels) * channels + i % channels] / area;
}

// The channels of each place, each times its image's weight for it, added up.
extern "C" __global__ void weighted(u32 places, u32 area, u32 channels, const REAL *x, const REAL *weights, REAL *sums) {
    EACH(i, places) {
        const REAL *row = x + (size_t)i * channels, *weight = weights + (size_t)(i / area) * channels;
        double sum = 0;
        for (u32 channel = 0; channel < channels; channel++) sum += (double)row[channel] * (double)weight[channel];
        sums[i] = (REAL)sum;
    }
}

// ---- poolings --------------------------------------------------------------------------------------------------------

// Where the maximum of a window lies: the first of equal ones, but the last NaN, as in PyTorch. Offset in places.
static __device__ u32 winner(const Windows &w, const REAL *x, u32 row, u32 column) {
    u32 at = row * w.stride * w.width + column * w.stride;
    REAL best = x[(size_t)at * w.channels];
    for (u32 i = 0; i < w.kernel && row * w.stride + i < w.height; i++)
        for (u32 j = 0; j < w.kernel && column * w.stride + j < w.width; j++) {
            const u32 place = (row * w.stride + i) * w.width + column * w.stride + j;
            const REAL value = x[(size_t)place * w.channels];
            if (value > best || value != value) best = value, at = place;
        }
    return at;
}

extern "C" __global__ void pool(Windows w, const REAL *x, REAL *y) {
    EACH(i, w.batch * w.rows * w.columns * w.channels) {
        const u32 channel = i % w.channels, window = i / w.channels;
        const u32 column = window % w.columns, row = window / w.columns % w.rows, image = window / w.columns / w.rows;
        const REAL *plane = x + (size_t)image * w.height * w.width * w.channels + channel;
        y[i] = plane[(size_t)winner(w, plane, row, column) * w.channels];
    }
}

// Each place asks the windows that cover it, last to first, whether it won them.
extern "C" __global__ void pool_gradient(Windows w, const REAL *x, const REAL *up, REAL *down) {
    EACH(i, w.batch * w.height * w.width * w.channels) {
        const u32 channel = i % w.channels, place = i / w.channels % (w.height * w.width);
        const u32 image = i / w.channels / (w.height * w.width);
        const REAL *plane = x + (size_t)image * w.height * w.width * w.channels + channel;
        const REAL *above = up + (size_t)image * w.rows * w.columns * w.channels + channel;
        const u32 y = place / w.width, z = place % w.width;
        REAL sum = 0;
        for (int row = y / w.stride; row >= 0 && row * w.stride + w.kernel > y; row--)
            for (int column = z / w.stride; column >= 0 && column * w.stride + w.kernel > z; column--)
                if (row < w.rows && column < w.columns && winner(w, plane, row, column) == place)
                    sum += above[(size_t)(row * w.columns + column) * w.channels];
        down[i] = sum;
    }
}

// The same for windows that do not overlap, from the windows' side: each writes the places up to the next window.
extern "C" __global__ void pool_gradient_apart(Windows w, const REAL *x, const REAL *up, REAL *down) {
    const u32 high = (w.height + w.stride - 1) / w.stride, wide = (w.width + w.stride - 1) / w.stride;
    EACH(i, w.batch * high * wide * w.channels) {
        const u32 channel = i % w.channels, window = i / w.channels;
        const u32 column = window % wide, row = window / wide % high, image = window / wide / high;
        const size_t plane = (size_t)image * w.height * w.width * w.channels + channel;
        const bool whole = row < w.rows && column < w.columns;
        const u32 won = whole ? winner(w, x + plane, row, column) : w.height * w.width;
        const REAL above = whole ? up[((size_t)(image * w.rows + row) * w.columns + column) * w.channels + channel] : (REAL)0;
        for (u32 y = row * w.stride; y < min((row + 1) * w.stride, w.height); y++)
            for (u32 z = column * w.stride; z < min((column + 1) * w.stride, w.width); z++) {
                const u32 place = y * w.width + z;
                down[plane + (size_t)place * w.channels] = place == won ? above : (REAL)0;
            }
    }
}

// ---- convolutions by columns -----------------------------------------------------------------------------------------

// For `places` outputs from `first` on, what lies under each tap: places x taps x channels.
extern "C" __global__ void columns(Windows w, u32 first, u32 places, const REAL *x, REAL *out) {
    const u32 taps = w.kernel * w.kernel;
    EACH(i, places * taps * w.channels) {
        const u32 channel = i % w.channels, tap = i / w.channels % taps, place = first + i / w.channels / taps;
        const u32 column = place % w.columns, row = place / w.columns % w.rows, image = place / w.columns / w.rows;
        // Wraps round to a large number above and left of the image.
        const u32 y = row * w.stride + tap / w.kernel - w.padding, z = column * w.stride + tap % w.kernel - w.padding;
        const bool inside = y < w.height && z < w.width;
        out[i] = inside ? x[((size_t)(image * w.height + y) * w.width + z) * w.channels + channel] : (REAL)0;
    }
}

// For `places` places of the input from `first` on, the gradient of the window that has the place under each tap; the
// channels are those of the output.
extern "C" __global__ void columns_gradient(Windows w, u32 first, u32 places, const REAL *up, REAL *out) {
    const u32 taps = w.kernel * w.kernel;
    EACH(i, places * taps * w.channels) {
        const u32 channel = i % w.channels, tap = i / w.channels % taps, place = first + i / w.channels / taps;
        const u32 z = place % w.width, y = place / w.width % w.height, image = place / w.width / w.height;
        const int down = y + w.padding - tap / w.kernel, along = z + w.padding - tap % w.kernel;
        const int row = down / (int)w.stride, column = along / (int)w.stride;
        const bool one = down >= 0 && along >= 0 && down % w.stride == 0 && along % w.stride == 0 && row < w.rows && column < w.columns;
        out[i] = one ? up[((size_t)(image * w.rows + row) * w.columns + column) * w.channels + channel] : (REAL)0;
    }
}

// ---- 3x3 convolutions that keep the size, by Winograd's minimal filtering F(2x2, 3x3) and F(4x4, 3x3) --------------------
// arXiv 1509.09308, section 4, with polynomials through 0, +-1 and infinity, and through 0, +-1, +-2 and infinity: as on the
// processor, see kernel/winograd/transform.rs, whose order of operations this repeats. So a plain area stays plain: where
// all pixels of a tile are equal, so are its outputs.

// One line of a tile, `step` numbers apart; TILE + 2 of them, of which TILE are outputs and 3 are a filter's.
template <u32 TILE> struct Line;

template <> struct Line<2> {
    // B^T d.
    static __device__ void input(REAL *d, u32 step) {
        const REAL d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
        d[0] = d2 - d0;
        d[step] = d1 + d2;
        d[2 * step] = d2 - d1;
        d[3 * step] = d3 - d1;
    }

    // A^T m.
    static __device__ void output(REAL *m, u32 step) {
        const REAL near = m[step] + m[2 * step], near_odd = m[step] - m[2 * step];
        m[0] = m[0] + near;
        m[step] = near_odd + m[3 * step];
    }

    // G g.
    static __device__ void filter(double *g, u32 step) {
        const double a = g[0], b = g[step], c = g[2 * step];
        g[0] = -a;
        g[step] = (a + b + c) / 2;
        g[2 * step] = (a - b + c) / 2;
        g[3 * step] = c;
    }
};

template <> struct Line<4> {
    static __device__ void input(REAL *d, u32 step) {
        const REAL d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
        const REAL near = fma((REAL)-4, d2, d4), far = d4 - d2;
        const REAL near_odd = fma((REAL)-4, d1, d3), far_odd = (d3 - d1) * 2;
        d[0] = fma((REAL)4, d0, fma((REAL)-5, d2, d4));
        d[step] = near + near_odd;
        d[2 * step] = near - near_odd;
        d[3 * step] = far + far_odd;
        d[4 * step] = far - far_odd;
        d[5 * step] = fma((REAL)4, d1, fma((REAL)-5, d3, d5));
    }

    static __device__ void output(REAL *m, u32 step) {
        const REAL near = m[step] + m[2 * step], near_odd = m[step] - m[2 * step];
        const REAL far = m[3 * step] + m[4 * step], far_odd = m[3 * step] - m[4 * step];
        const REAL last = m[5 * step];
        m[0] = m[0] + near + far;
        m[step] = fma((REAL)2, far_odd, near_odd);
        m[2 * step] = fma((REAL)4, far, near);
        m[3 * step] = fma((REAL)8, far_odd, last + near_odd);
    }

    static __device__ void filter(double *g, u32 step) {
        const double a = g[0], b = g[step], c = g[2 * step];
        g[0] = a / 4;
        g[step] = -(a + b + c) / 6;
        g[2 * step] = -(a - b + c) / 6;
        g[3 * step] = (a + 2 * b + 4 * c) / 24;
        g[4 * step] = (a - 2 * b + 4 * c) / 24;
        g[5 * step] = c;
    }
};

// A matrix for each element of a tile: inputs x outputs for the way forth, outputs x inputs, of the turned filters, for the
// way back. The filters are outputs x 3 x 3 x inputs; transformed in double precision.
template <u32 TILE> static __device__ void filters(u32 outputs, u32 inputs, u32 back, const REAL *filters, REAL *out) {
    const u32 SIDE = TILE + 2, count = outputs * inputs;
    EACH(i, count) {
        const u32 second = back ? inputs : outputs;
        const u32 output = back ? i / second : i % second, input = back ? i % second : i / second;
        double g[SIDE * SIDE];
        for (u32 tap = 0; tap < 9; tap++)
            g[tap / 3 * SIDE + tap % 3] = filters[(size_t)(output * 9 + (back ? 8 - tap : tap)) * inputs + input];
        for (u32 column = 0; column < 3; column++) Line<TILE>::filter(g + column, SIDE);
        for (u32 row = 0; row < SIDE; row++) Line<TILE>::filter(g + SIDE * row, 1);
        for (u32 at = 0; at < SIDE * SIDE; at++) out[(size_t)at * count + i] = (REAL)g[at];
    }
}

// Where a tile of a map lies.
struct TileAt {
    u32 image, row, column;
};

template <u32 TILE> static __device__ TileAt place(const Windows &w, u32 tile) {
    const u32 wide = (w.width + TILE - 1) / TILE, high = (w.height + TILE - 1) / TILE;
    return {tile / wide / high, tile / wide % high * TILE, tile % wide * TILE};
}

// A matrix for each element of a tile, `tiles` x channels: B^T d B of the tiles from `first` on.
template <u32 TILE> static __device__ void input(const Windows &w, u32 first, u32 tiles, const REAL *x, REAL *out) {
    const u32 SIDE = TILE + 2, count = tiles * w.channels;
    EACH(i, count) {
        const u32 channel = i % w.channels;
        const TileAt at = place<TILE>(w, first + i / w.channels);
        REAL d[SIDE * SIDE];
#pragma unroll
        for (u32 j = 0; j < SIDE; j++) {
#pragma unroll
            for (u32 k = 0; k < SIDE; k++) {
                // Wraps round to a large number above and left of the image.
                const u32 y = at.row + j - 1, z = at.column + k - 1;
                const bool inside = y < w.height && z < w.width;
                d[SIDE * j + k] = inside ? x[((size_t)(at.image * w.height + y) * w.width + z) * w.channels + channel] : (REAL)0;
            }
        }
#pragma unroll
        for (u32 j = 0; j < SIDE; j++) Line<TILE>::input(d + j, SIDE);
#pragma unroll
        for (u32 j = 0; j < SIDE; j++) Line<TILE>::input(d + SIDE * j, 1);
#pragma unroll
        for (u32 element = 0; element < SIDE * SIDE; element++) out[(size_t)element * count + i] = d[element];
    }
}

// Outputs A^T m A, with a bias where there is one; the channels are those of the result.
template <u32 TILE>
static __device__ void output(const Windows &w, u32 first, u32 tiles, const REAL *products, u32 biased, const REAL *bias, REAL *y) {
    const u32 SIDE = TILE + 2, count = tiles * w.channels;
    EACH(i, count) {
        const u32 channel = i % w.channels;
        const TileAt at = place<TILE>(w, first + i / w.channels);
        REAL m[SIDE * SIDE];
#pragma unroll
        for (u32 element = 0; element < SIDE * SIDE; element++) m[element] = products[(size_t)element * count + i];
#pragma unroll
        for (u32 j = 0; j < SIDE; j++) Line<TILE>::output(m + j, SIDE);
#pragma unroll
        for (u32 j = 0; j < TILE; j++) Line<TILE>::output(m + SIDE * j, 1);
        const REAL more = biased ? bias[channel] : (REAL)0;
#pragma unroll
        for (u32 j = 0; j < TILE; j++) {
#pragma unroll
            for (u32 k = 0; k < TILE; k++) {
                const u32 row = at.row + j, column = at.column + k;
                if (row < w.height && column < w.width)
                    y[((size_t)(at.image * w.height + row) * w.width + column) * w.channels + channel] = m[SIDE * j + k] + more;
            }
        }
    }
}

#define WINOGRAD(TILE)                                                                                                            \
    extern "C" __global__ void winograd##TILE##_filters(u32 outputs, u32 inputs, u32 back, const REAL *plain, REAL *out) {        \
        filters<TILE>(outputs, inputs, back, plain, out);                                                                         \
    }                                                                                                                             \
    extern "C" __global__ void winograd##TILE##_input(Windows w, u32 first, u32 tiles, const REAL *x, REAL *out) {                \
        input<TILE>(w, first, tiles, x, out);                                                                                     \
    }                                                                                                                             \
    extern "C" __global__ void winograd##TILE##_output(Windows w, u32 first, u32 tiles, const REAL *products, u32 biased,         \
                                                       const REAL *bias, REAL *y) {                                               \
        output<TILE>(w, first, tiles, products, biased, bias, y);                                                                 \
    }
WINOGRAD(2)
WINOGRAD(4)
