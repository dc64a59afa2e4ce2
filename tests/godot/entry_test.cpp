// SPDX-License-Identifier: MIT
// The library in the hands of engines it was not made for, played by a few functions of our own.
#include <gdextension_interface.h>
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::vector<std::string> errors;

void take_error(const char* description, const char*, const char*, std::int32_t, GDExtensionBool) {
    errors.emplace_back(description);
}

void say_4_3(GDExtensionGodotVersion* version) { *version = {4, 3, 1, "Godot Engine v4.3.1"}; }
void say_4_6(GDExtensionGodotVersion2* version) { *version = {}; }

template <class Function>
GDExtensionInterfaceFunctionPtr as_pointer(Function function) {
    return reinterpret_cast<GDExtensionInterfaceFunctionPtr>(function);
}

GDExtensionInterfaceFunctionPtr old_engine(const char* name) {
    if (std::strcmp(name, "print_error") == 0) return as_pointer(take_error);
    if (std::strcmp(name, "get_godot_version") == 0) return as_pointer(say_4_3);
    return nullptr;
}

GDExtensionInterfaceFunctionPtr stripped_engine(const char* name) {
    if (std::strcmp(name, "print_error") == 0) return as_pointer(take_error);
    if (std::strcmp(name, "get_godot_version2") == 0) return as_pointer(say_4_6);
    return nullptr;
}

GDExtensionBool start_in(GDExtensionInterfaceGetProcAddress engine) {
    errors.clear();
    void* library = dlopen(NEBULA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    auto entry = reinterpret_cast<GDExtensionInitializationFunction>(dlsym(library, "nebula_init"));
    GDExtensionInitialization initialization{};
    const GDExtensionBool started = entry(engine, library, &initialization);
    dlclose(library);
    return started;
}

TEST(EntryPoint, AnEngineBefore4_5IsRefusedWithOneSentence) {
    EXPECT_EQ(start_in(old_engine), 0);
    EXPECT_EQ(errors,
              std::vector<std::string>{"Nebula needs Godot 4.5 or newer; this is Godot 4.3.1."});
}

TEST(EntryPoint, AnEngineThatLacksAFunctionIsRefusedWithItsName) {
    EXPECT_EQ(start_in(stripped_engine), 0);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0], "Nebula cannot start: this engine has no 'print_error_with_message'.");
}

}  // namespace
