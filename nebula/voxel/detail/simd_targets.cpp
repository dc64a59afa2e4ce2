// SPDX-License-Identifier: MIT
// The few functions of Highway that are not in its headers. They find out which SIMD levels this
// machine has. Debian ships them only in a shared library, and a game must start on machines
// without it. simd_targets_test.cpp compares the results with that library.
#include <hwy/base.h>
#include <hwy/targets.h>

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace {

#if HWY_ARCH_X86

struct Registers {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf) {
    Registers r;
    if (__get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
    return r;
}

/// Which register sets the operating system saves when it switches threads. A processor may have
/// AVX although the system does not save its registers.
unsigned saved_state() {
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

constexpr bool has(unsigned set, unsigned wanted) { return (set & wanted) == wanted; }

template <class... Bits>
constexpr unsigned bits(Bits... bit) {
    return ((1U << static_cast<unsigned>(bit)) | ...);
}

/// Each level needs the one below it and the features that hwy/ops/set_macros-inl.h enables for it.
/// Bit numbers are those in the processors' manuals.
std::int64_t detected_targets() {
    const Registers basic = cpuid(1), extended = cpuid(7), amd = cpuid(0x80000001U);
    std::int64_t targets = 0;

    if (!has(basic.edx, bits(25, 26))) return targets;  // SSE, SSE2
    if (!has(basic.ecx, bits(0, 9))) return targets;    // SSE3, SSSE3
    targets |= HWY_SSSE3;
    if (!has(basic.ecx, bits(1, 19, 20, 25))) return targets;  // CLMUL, SSE4.1, SSE4.2, AES
    targets |= HWY_SSE4;
    if (!has(basic.ecx, bits(12, 27, 28, 29))) return targets;  // FMA, XGETBV, AVX, F16C
    if (!has(extended.ebx, bits(3, 5, 8))) return targets;      // BMI, AVX2, BMI2
    if (!has(amd.ecx, bits(5))) return targets;                 // LZCNT
    const unsigned saved = saved_state();
    if (!has(saved, bits(1, 2))) return targets;  // XMM, YMM
    targets |= HWY_AVX2;
    if (!has(extended.ebx, bits(16, 17, 30, 31))) return targets;  // AVX-512 F, DQ, BW, VL
    if (!has(saved, bits(5, 6, 7))) return targets;                // masks, ZMM
    targets |= HWY_AVX3;
    // VBMI, VBMI2, GFNI, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ
    if (has(extended.ecx, bits(1, 6, 8, 9, 10, 11, 12, 14))) targets |= HWY_AVX3_DL;
    return targets;
}

#else

std::int64_t detected_targets() { return 0; }

#endif

// Sequentially consistent: read once, and by tests.
std::atomic<std::int64_t> disabled{0};
std::atomic<std::int64_t> pretended{0};  // 0: the machine's own

}  // namespace

namespace hwy {

std::int64_t SupportedTargets() {
    static const std::int64_t kDetected = detected_targets() | HWY_STATIC_TARGET;
    const std::int64_t asked = pretended.load();
    const std::int64_t targets = (asked != 0 ? asked : kDetected) & ~disabled.load();
    return targets != 0 ? targets : HWY_STATIC_TARGET;
}

void DisableTargets(std::int64_t targets) {
    disabled = targets;
    GetChosenTarget().DeInit();  // the next dispatch chooses again
}

void SetSupportedTargetsForTest(std::int64_t targets) {
    pretended = targets;
    GetChosenTarget().DeInit();
}

ChosenTarget& GetChosenTarget() {
    static constinit ChosenTarget chosen;
    return chosen;
}

// For the assertions in Highway's headers.
void Abort(const char* file, int line, const char* format, ...) {
    std::fprintf(stderr, "Highway: %s:%d: ", file, line);
    std::va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    std::abort();
}

}  // namespace hwy
