// SPDX-License-Identifier: MIT
// The library in the hands of engines it was not made for, played by a few functions of our own.
#include <gdextension_interface.h>
#include <gtest/gtest.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
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

// From outside, so that the library of a package can be tried, too.
std::filesystem::path library_path() {
    const char* const name = std::getenv("NEBULA_LIBRARY");
    if (name == nullptr) throw std::runtime_error("set NEBULA_LIBRARY to the library");
    return std::filesystem::path(name).make_preferred();
}

#if defined(_WIN32)
void* load() { return LoadLibraryW(library_path().c_str()); }
void* symbol_of(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
void unload(void* library) { FreeLibrary(static_cast<HMODULE>(library)); }
bool is_loaded() { return GetModuleHandleW(library_path().c_str()) != nullptr; }
std::string why_not() { return "error " + std::to_string(GetLastError()); }
#else
void* load() { return dlopen(library_path().c_str(), RTLD_NOW | RTLD_LOCAL); }
void* symbol_of(void* library, const char* name) { return dlsym(library, name); }
void unload(void* library) { dlclose(library); }
bool is_loaded() { return dlopen(library_path().c_str(), RTLD_NOW | RTLD_NOLOAD) != nullptr; }
std::string why_not() { return dlerror(); }
#endif

GDExtensionBool start_in(GDExtensionInterfaceGetProcAddress engine) {
    errors.clear();
    void* library = load();
    if (library == nullptr) throw std::runtime_error(why_not());
    auto entry =
        reinterpret_cast<GDExtensionInitializationFunction>(symbol_of(library, "nebula_init"));
    if (entry == nullptr) throw std::runtime_error(why_not());
    GDExtensionInitialization initialization{};
    const GDExtensionBool started = entry(engine, library, &initialization);
    unload(library);
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

// Or an editor that reloads it would go on with the old one.
TEST(EntryPoint, ARefusedLibraryLeavesTheProcess) {
    start_in(old_engine);
    EXPECT_FALSE(is_loaded());
}

}  // namespace
