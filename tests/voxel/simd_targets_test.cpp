// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hwy/targets.h>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#include <cstdint>
#include <string>

namespace {

std::string names(std::int64_t targets) {
    std::string all;
    for (; targets != 0; targets &= targets - 1)
        all += std::string(hwy::TargetName(targets & -targets)) + " ";
    return all;
}

struct RestoreTargets {
    ~RestoreTargets() {
        hwy::SetSupportedTargetsForTest(0);
        hwy::DisableTargets(0);
    }
};

#if !defined(_WIN32)
// Where the library is installed. It is loaded apart (RTLD_LOCAL, and its own symbols first), so
// its functions do not get in the way of ours.
TEST(SimdTargets, AreThoseThatHighwaysLibraryFinds) {
    void* const library = dlopen("libhwy.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) GTEST_SKIP() << dlerror();
    const auto theirs =
        reinterpret_cast<std::int64_t (*)()>(dlsym(library, "_ZN3hwy16SupportedTargetsEv"));
    ASSERT_NE(theirs, nullptr) << dlerror();
    // What our headers know; a newer library may know more.
    const std::int64_t known = HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_AVX3_DL;
    EXPECT_EQ(names(hwy::SupportedTargets() & known), names(theirs() & known));
}
#endif

TEST(SimdTargets, ALevelThatIsOffIsNotChosen) {
    const RestoreTargets restore;
    const std::int64_t all = hwy::SupportedTargets();
    const std::int64_t best = all & -all;
    hwy::DisableTargets(best);
    EXPECT_EQ(hwy::SupportedTargets() & best, 0) << names(best);
    hwy::DisableTargets(-1);
    EXPECT_NE(hwy::SupportedTargets(), 0) << "one level is always there";
}

TEST(SimdTargets, ATestChoosesTheLevel) {
    const RestoreTargets restore;
    hwy::SetSupportedTargetsForTest(HWY_SSE4);
    EXPECT_EQ(hwy::SupportedTargets(), HWY_SSE4);
    EXPECT_FALSE(hwy::GetChosenTarget().IsInitialized()) << "the next dispatch must ask again";
    hwy::SetSupportedTargetsForTest(0);
    EXPECT_NE(hwy::SupportedTargets() & HWY_STATIC_TARGET, 0);
}

}  // namespace
