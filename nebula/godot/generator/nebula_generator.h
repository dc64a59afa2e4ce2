/* SPDX-License-Identifier: MIT */
/* A world for a VoxelTerrain that another extension makes: the C interface between the two libraries.
 * It needs nothing else of Nebula, so that extensions in other languages and on other bindings can use
 * it. For C++ on nebula::godot, generator_code.hpp does all of this. README.md in this folder has the
 * order of events.
 *
 * The maker allocates a NebulaGenerator with nebula_generator_new() and fills it in. A resource of the
 * maker returns its address, as an int, from the method _make_nebula_generator(); each call makes a new
 * one. The terrain's VoxelNativeGenerator calls that method and owns a share of what it returns.
 *
 * Threads: all functions of a generator are called on any thread, many at once. They must not use the
 * engine: it may be shutting down, or the thread may be one that it does not know.
 */
#ifndef NEBULA_GENERATOR_H
#define NEBULA_GENERATOR_H

#include <stddef.h>
#include <stdint.h>
#if !defined(_WIN32)
#include <stdlib.h>
#endif

#ifdef __cplusplus
#define NEBULA_CAST(type, value) static_cast<type>(value)
extern "C" {
#else
#define NEBULA_CAST(type, value) ((type)(value))
#endif

#define NEBULA_GENERATOR_VERSION 1
#define NEBULA_MOST_POINTS 4096

/* A box of points: (at[0] + x * step, at[1] + y * step, at[2] + z * step) for x in [0, size[0]) and so on.
 * Coordinates are in units, which are the terrain's finest voxels; `step` is a power of two. Results are
 * written in the order x, then y, then z: to out[x + size[0] * (y + size[1] * z)]. */
typedef struct NebulaPoints {
    int32_t at[3];
    int32_t size[3]; /* at least 1 each, at most NEBULA_MOST_POINTS in all */
    int32_t step;
} NebulaPoints;

/* Why a function failed: one sentence, ended by 0. */
typedef struct NebulaWhy {
    char text[256];
} NebulaWhy;

typedef struct NebulaGenerator {
    uint32_t version; /* NEBULA_GENERATOR_VERSION */
    uint32_t size;    /* sizeof(NebulaGenerator): later versions add to the end */
    void* data;       /* the maker's, handed to each function */

    /* Writes the signed distance to the surface at each point, in units, negative in the ground. It must
     * depend on the point alone, bit for bit: neighbouring boxes and all steps ask for shared points, and
     * there is a gap where the answers differ. Distances beyond 4 steps need a right sign only. NaN is
     * air. False on failure. */
    int (*distances)(void* data, const NebulaPoints* points, float* out, NebulaWhy* why);

    /* May be null. Proves between which two numbers all distances of the box lie; false if it cannot.
     * They may be farther apart than the truth, never nearer. Regions of air and of solid ground are
     * not computed if this can tell. */
    int (*bounds)(void* data, const NebulaPoints* points, float* least, float* most);

    /* May be null: the layers of the VoxelNativeGenerator are used then. Writes the material of each
     * point, 0 to 127; a point of the air has one, too. False on failure. */
    int (*materials)(void* data, const NebulaPoints* points, uint8_t* out, NebulaWhy* why);

    /* May be null. Proves that all points of the box have the same material; false if it cannot. */
    int (*one_material)(void* data, const NebulaPoints* points, uint8_t* material);

    /* The terrain needs it no more, and the maker may free `data`. It keeps its share: this call is
     * code of the maker, too, and whoever withdraws must be able to wait for its end. Not called after
     * the maker has withdrawn the generator. */
    void (*unused)(struct NebulaGenerator* generator);

    /* For the functions below. */
    uint32_t owners; /* the maker and the terrain */
    uint32_t calls;  /* twice the number of calls under way; 1 is added when it is withdrawn */
    uint32_t taken;  /* 1 once a terrain has its share */
} NebulaGenerator;

/* ---- Where the block comes from, which one library may allocate and the other one free */

#if defined(_WIN32)
/* Each C runtime has a heap of its own, and the two libraries may have two of them. The process has one,
 * too. Declared as in windows.h, which would bring a thousand other names. */
__declspec(dllimport) void* __stdcall GetProcessHeap(void);
__declspec(dllimport) void* __stdcall HeapAlloc(void* heap, unsigned long flags, size_t bytes);
__declspec(dllimport) int __stdcall HeapFree(void* heap, unsigned long flags, void* block);
static inline void* nebula_generator_zeros(void) {
    const unsigned long zeros = 8; /* HEAP_ZERO_MEMORY */
    return HeapAlloc(GetProcessHeap(), zeros, sizeof(NebulaGenerator));
}
static inline void nebula_generator_free(NebulaGenerator* generator) {
    HeapFree(GetProcessHeap(), 0, generator);
}
#else
static inline void* nebula_generator_zeros(void) { return calloc(1, sizeof(NebulaGenerator)); }
static inline void nebula_generator_free(NebulaGenerator* generator) { free(generator); }
#endif

/* ---- For the maker */

/* All zeros but what the maker need not know; null without memory. */
static inline NebulaGenerator* nebula_generator_new(void) {
    NebulaGenerator* made = NEBULA_CAST(NebulaGenerator*, nebula_generator_zeros());
    if (!made) return made;
    made->version = NEBULA_GENERATOR_VERSION;
    made->size = sizeof(NebulaGenerator);
    made->owners = 2;
    return made;
}

/* Gives a share back. What is shared is freed with the last one, so this block belongs to neither
 * library: each may be unloaded before the other. */
static inline void nebula_generator_drop(NebulaGenerator* generator) {
    if (__atomic_sub_fetch(&generator->owners, 1, __ATOMIC_SEQ_CST) == 0)
        nebula_generator_free(generator);
}

/* No call begins after this. Call it for each generator before the maker's library is unloaded, also for
 * an unused one, and wait until nebula_generator_is_idle(); then free `data` and drop the share. The share
 * of one that is unused and idle can be dropped at any time. */
static inline void nebula_generator_withdraw(NebulaGenerator* generator) {
    __atomic_fetch_or(&generator->calls, 1U, __ATOMIC_SEQ_CST);
}
static inline int nebula_generator_is_idle(const NebulaGenerator* generator) {
    return __atomic_load_n(&generator->calls, __ATOMIC_SEQ_CST) <= 1U;
}

/* ---- For the terrain */

/* Once for each generator, before anything else: false if it was handed over before, and then this
 * terrain has no share of it. */
static inline int nebula_generator_take(NebulaGenerator* generator) {
    return __atomic_exchange_n(&generator->taken, 1U, __ATOMIC_SEQ_CST) == 0U;
}

/* Around each call of a function: false, and then there must be no call, if it was withdrawn. */
static inline int nebula_generator_enter(NebulaGenerator* generator) {
    if ((__atomic_fetch_add(&generator->calls, 2U, __ATOMIC_SEQ_CST) & 1U) == 0U) return 1;
    __atomic_fetch_sub(&generator->calls, 2U, __ATOMIC_SEQ_CST);
    return 0;
}
static inline void nebula_generator_leave(NebulaGenerator* generator) {
    __atomic_fetch_sub(&generator->calls, 2U, __ATOMIC_SEQ_CST);
}
static inline int nebula_generator_is_withdrawn(const NebulaGenerator* generator) {
    return (__atomic_load_n(&generator->calls, __ATOMIC_SEQ_CST) & 1U) != 0U;
}

#ifdef __cplusplus
}
#endif
#endif
