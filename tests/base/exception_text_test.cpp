// SPDX-License-Identifier: MIT
#include "nebula/base/exception_text.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace nebula {
namespace {

struct Fire {};

template <class E>
std::string text_of(E exception) {
    return exception_text(std::make_exception_ptr(exception));
}

TEST(ExceptionText, IsTheExceptionsOwnWords) {
    EXPECT_EQ(text_of(std::runtime_error("no coal")), "no coal");
    EXPECT_EQ(text_of(std::string("no iron")), "no iron");
    EXPECT_EQ(text_of(static_cast<const char*>("no wood")), "no wood");
}

TEST(ExceptionText, IsTheTypeWhereThereAreNoWords) {
    EXPECT_EQ(text_of(std::runtime_error("")), "an exception of type std::runtime_error");
    EXPECT_NE(text_of(std::string()).find("string"), std::string::npos);
    EXPECT_EQ(text_of(static_cast<const char*>(nullptr)), "an exception of type char const*");
    EXPECT_EQ(text_of(Fire{}), "an exception of type nebula::(anonymous namespace)::Fire");
}

}  // namespace
}  // namespace nebula
