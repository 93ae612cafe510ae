// A GPU for machines that have none: the functions of NVIDIA's driver and of cuBLAS that a saltty built with `--features
// cuda` calls, done by the processor, with the kernels of src/nn/cuda/kernels.cu compiled as C++. It is slow, and shows
// what a GPU would not: fresh memory is full of NaN, so what is read before it is written spoils the result, and copies,
// products and frees beyond what was allocated end the program. `emulator.sh` builds and uses it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>

using std::fma;
using std::min;
using std::size_t;

#define __global__
#define __device__
static struct { unsigned x; } blockIdx = {0}, threadIdx = {0}, blockDim = {1}, gridDim = {1};

// kernels.inc is kernels.cu without its `extern "C"`.
namespace singles {
#define REAL float
#include "kernels.inc"
#undef REAL
}
namespace doubles {
#define REAL double
#include "kernels.inc"
#undef REAL
}

// dfdx's addition of one number, by which saltty finds out whether a GPU computes.
static void sadd_fwd_f32(float number, size_t count, const float *in, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = (in ? in[i] : out[i]) + number;
}

// ---- memory ----------------------------------------------------------------------------------------------------------

static std::map<char *, size_t> allocated;

[[noreturn]] static void end(const char *why) {
    std::fprintf(stderr, "emulated GPU: %s\n", why);
    std::abort();
}

// Ends the program unless `size` bytes from `at` on are within one allocation.
static char *within(unsigned long long at, size_t size) {
    char *start = (char *)at;
    auto next = allocated.upper_bound(start);
    if (next == allocated.begin()) end("memory that was never allocated");
    const auto &[first, length] = *--next;
    if (start + size > first + length) end("memory beyond an allocation");
    return start;
}

// ---- launches --------------------------------------------------------------------------------------------------------

typedef void (*Launch)(void **);

template <typename... Parameters, size_t... At>
static void call(void (*kernel)(Parameters...), void **parameters, std::index_sequence<At...>) {
    kernel(*(Parameters *)parameters[At]...);
}

template <auto kernel> struct Launcher;
template <typename... Parameters, void (*kernel)(Parameters...)> struct Launcher<kernel> {
    static void launch(void **parameters) { call(kernel, parameters, std::index_sequence_for<Parameters...>{}); }
};

#define KERNEL(type, name) {#name, Launcher<type::name>::launch}
#define KERNELS(type)                                                                                                   \
    {                                                                                                                   \
        KERNEL(type, rectify), KERNEL(type, gate), KERNEL(type, add), KERNEL(type, add_bias), KERNEL(type, turn),       \
            KERNEL(type, beside), KERNEL(type, apart), KERNEL(type, average), KERNEL(type, average_gradient),           \
            KERNEL(type, weighted), KERNEL(type, pool), KERNEL(type, pool_gradient), KERNEL(type, pool_gradient_apart), \
            KERNEL(type, columns), KERNEL(type, columns_gradient), KERNEL(type, winograd2_filters),                     \
            KERNEL(type, winograd2_input), KERNEL(type, winograd2_output), KERNEL(type, winograd4_filters),             \
            KERNEL(type, winograd4_input), KERNEL(type, winograd4_output)                                               \
    }
typedef std::map<std::string, Launch> Module;
static Module single = KERNELS(singles), twice = KERNELS(doubles), others = {{"sadd_fwd_f32", Launcher<sadd_fwd_f32>::launch}};
static void missing(void **) { end("a kernel that is not emulated"); }

// ---- products --------------------------------------------------------------------------------------------------------

// C = op(A) op(B) of matrices that lie column after column, for each of a batch.
template <typename Real>
static int multiply(bool ta, bool tb, int m, int n, int k, const Real *alpha, const Real *a, int lda, long long sa, const Real *b,
                    int ldb, long long sb, const Real *beta, Real *c, int ldc, long long sc, int batch) {
    if (*beta != 0 || *alpha != 1) end("a product that is not plain");
    if (m > ldc || (ta ? k : m) > lda || (tb ? n : k) > ldb) return 7;
    const auto last = [&](int ld, int columns, int rows, long long step) {
        return sizeof(Real) * (size_t)(step * (batch - 1) + (long long)ld * (columns - 1) + rows);
    };
    within((size_t)a, last(lda, ta ? m : k, ta ? k : m, sa));
    within((size_t)b, last(ldb, tb ? k : n, tb ? n : k, sb));
    within((size_t)c, last(ldc, n, m, sc));
    for (int image = 0; image < batch; image++, a += sa, b += sb, c += sc)
        for (int column = 0; column < n; column++) {
            Real *sums = c + (size_t)column * ldc;
            std::fill(sums, sums + m, (Real)0);
            for (int at = 0; at < k; at++) {
                const Real factor = tb ? b[(size_t)at * ldb + column] : b[(size_t)column * ldb + at];
                if (ta)
                    for (int row = 0; row < m; row++) sums[row] += a[(size_t)row * lda + at] * factor;
                else
                    for (int row = 0; row < m; row++) sums[row] += a[(size_t)at * lda + row] * factor;
            }
        }
    return 0;
}

// ---- what is called --------------------------------------------------------------------------------------------------

typedef unsigned long long Pointer;
extern "C" {
int cuInit(unsigned) { return 0; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int number) { return *device = 0, number == 0 ? 0 : 101; }
int cuDeviceGetAttribute(int *value, int, int) { return *value = 1, 0; }
int cuDeviceGetName(char *name, int size, int) { return std::snprintf(name, size, "emulated GPU"), 0; }
int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuDeviceGetDefaultMemPool(void **pool, int) { return *pool = &allocated, 0; }
int cuMemPoolSetAttribute(void *, int, void *) { return 0; }
int cuDevicePrimaryCtxRetain(void **context, int) { return *context = &allocated, 0; }
int cuDevicePrimaryCtxRelease_v2(int) { return 0; }
int cuCtxSetCurrent(void *) { return 0; }
int cuEventCreate(void **event, unsigned) { return *event = &allocated, 0; }
int cuEventDestroy_v2(void *) { return 0; }
int cuEventRecord(void *, void *) { return 0; }
int cuStreamCreate(void **stream, unsigned) { return *stream = &allocated, 0; }
int cuStreamDestroy_v2(void *) { return 0; }
int cuStreamSynchronize(void *) { return 0; }
int cuStreamWaitEvent(void *, void *, unsigned) { return 0; }
int cuGetErrorString(int, const char **text) { return *text = "an error of the emulated GPU", 0; }

int cuMemAlloc_v2(Pointer *at, size_t size) {
    char *memory = (char *)std::malloc(size + 1);
    std::memset(memory, 0xff, size);
    allocated[memory] = size;
    return *at = (Pointer)memory, 0;
}
int cuMemAllocAsync(Pointer *at, size_t size, void *) { return cuMemAlloc_v2(at, size); }
int cuMemFree_v2(Pointer at) {
    if (!allocated.erase((char *)at)) end("freed what was not allocated");
    return std::free((char *)at), 0;
}
int cuMemFreeAsync(Pointer at, void *) { return cuMemFree_v2(at); }
int cuMemcpyDtoD_v2(Pointer to, Pointer from, size_t size) { return std::memmove(within(to, size), within(from, size), size), 0; }
int cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t size, void *) { return cuMemcpyDtoD_v2(to, from, size); }
int cuMemcpyDtoH_v2(void *to, Pointer from, size_t size) { return std::memcpy(to, within(from, size), size), 0; }
int cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t size, void *) { return cuMemcpyDtoH_v2(to, from, size); }
int cuMemcpyHtoD_v2(Pointer to, const void *from, size_t size) { return std::memcpy(within(to, size), from, size), 0; }
int cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t size, void *) { return cuMemcpyHtoD_v2(to, from, size); }
int cuMemsetD8_v2(Pointer to, unsigned char value, size_t size) { return std::memset(within(to, size), value, size), 0; }
int cuMemsetD8Async(Pointer to, unsigned char value, size_t size, void *) { return cuMemsetD8_v2(to, value, size); }

int cuModuleLoad(void **, const char *) { return 301; }
int cuModuleLoadData(void **module, const void *code) {
    const bool ours = std::strstr((const char *)code, "winograd4_output");
    *module = !ours ? &others : std::strstr((const char *)code, "fma.rn.f32") ? &single : &twice;
    return 0;
}
int cuModuleUnload(void *) { return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    const Module &functions = *(Module *)module;
    const auto found = functions.find(name);
    if (found == functions.end() && module != &others) return 500;
    return *function = (void *)(found == functions.end() ? missing : found->second), 0;
}
int cuLaunchKernel(void *function, unsigned blocks, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
                   void **parameters, void **) {
    if (blocks == 0) return 1;
    return ((Launch)function)(parameters), 0;
}

int cublasCreate_v2(void **handle) { return *handle = &allocated, 0; }
int cublasDestroy_v2(void *) { return 0; }
int cublasSetStream_v2(void *, void *) { return 0; }
#define PRODUCTS(letter, Real)                                                                                           \
    int cublas##letter##gemm_v2(void *, int ta, int tb, int m, int n, int k, const Real *alpha, const Real *a, int lda,  \
                                const Real *b, int ldb, const Real *beta, Real *c, int ldc) {                            \
        return multiply(ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);                               \
    }                                                                                                                    \
    int cublas##letter##gemmStridedBatched(void *, int ta, int tb, int m, int n, int k, const Real *alpha,               \
                                           const Real *a, int lda, long long sa, const Real *b, int ldb, long long sb,   \
                                           const Real *beta, Real *c, int ldc, long long sc, int batch) {                \
        return multiply(ta, tb, m, n, k, alpha, a, lda, sa, b, ldb, sb, beta, c, ldc, sc, batch);                        \
    }
PRODUCTS(S, float)
PRODUCTS(D, double)
}
