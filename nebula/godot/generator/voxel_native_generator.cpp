// SPDX-License-Identifier: MIT
#include "nebula/godot/generator/voxel_native_generator.hpp"

#include "nebula/godot/api/class_db.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/object.hpp"
#include "nebula/godot/binding/errors.hpp"
#include "nebula/godot/generator/foreign_generator.hpp"
#include "nebula/godot/generator/generator_code.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

// Scripts could answer with any number, and the engine's own classes know nothing of us.
bool is_of_an_extension(const Ref<Resource>& object) {
    const auto api =
        ClassDB::singleton().class_get_api_type(StringName(object->get_class().utf8()));
    return (api == ClassDB::API_EXTENSION || api == ClassDB::API_EDITOR_EXTENSION) &&
           !object->get_script().to<Object>();
}

std::string class_of(const Ref<Resource>& object) { return object->get_class().utf8(); }

std::string words_of(const Ref<Resource>& made_by) {
    const Variant words = made_by->call(kDescribeGenerator);
    if (words.type() == GDEXTENSION_VARIANT_TYPE_STRING) return words.to<String>().utf8();
    throw std::invalid_argument("VoxelNativeGenerator cannot use the generator of " +
                                class_of(made_by) + ": " + kDescribeGenerator + " gave no String");
}

}  // namespace

void VoxelNativeGenerator::bind(ClassBuilder<VoxelNativeGenerator>& c) {
    using Self = VoxelNativeGenerator;
    c.any_thread();
    c.doc("A world that the code of another extension makes.",
          "Set [member source] to a resource of that extension, and tune the world there. Workers "
          "call the extension's code directly, without the engine. If that extension is unloaded, "
          "the terrain keeps what it shows, and what it needs besides fails with an error; in the "
          "editor, a reload of the extension generates the world anew.\nThe layers of "
          "[VoxelGenerator] are used where the extension says nothing about materials.\nHow an "
          "extension makes such a resource is in the guide, under \"An extension of your own in "
          "C++\".");
    c.property("source", &Self::source, &Self::set_source, Hint::resource_type("Resource"),
               "What makes the world: a resource of a class that another extension has registered, "
               "with the method [code]_make_nebula_generator[/code]. It must have no script. Like "
               "other settings, it takes effect when the terrain builds its world.");
}

Ref<Resource> VoxelNativeGenerator::source() const {
    const MutexLock lock(mutex_);
    return source_;
}

void VoxelNativeGenerator::set_source(const Ref<Resource>& source) {
    Ref<Resource> before = source;
    {
        const MutexLock lock(mutex_);
        std::swap(source_, before);
    }
    emit_changed();  // and no lock is held while the one before is destroyed
}

Ref<Resource> VoxelNativeGenerator::checked_source() const {
    Ref<Resource> found = source();
    if (!found)
        throw std::invalid_argument(
            "VoxelNativeGenerator.source is empty. Set it to a resource of the extension that "
            "makes "
            "the world");
    for (const char* const method : {kMakeGenerator, kDescribeGenerator}) {
        if (found->has_method(method) && is_of_an_extension(found)) continue;
        throw std::invalid_argument(
            "VoxelNativeGenerator.source is a " + class_of(found) +
            ", which is no generator of an extension: it needs the method " + method +
            " in C++, and no script");
    }
    return found;
}

std::shared_ptr<const voxel::Generator> VoxelNativeGenerator::build() const {
    try {
        return ask_source();
    } catch (const std::invalid_argument& error) {
        // In the editor, a terrain with a world of air sees that a better source was chosen; one without a
        // world sees nothing.
        if (!Engine::singleton().is_editor_hint()) throw;
        if (source()) print_error(error.what());
        return std::make_shared<voxel::FlatGenerator>(-voxel::kWorldLimit);
    }
}

std::shared_ptr<const voxel::Generator> VoxelNativeGenerator::ask_source() const {
    const Ref<Resource> made_by = checked_source();
    (void)words_of(made_by);
    const auto address = static_cast<std::intptr_t>(
        made_by->call(kMakeGenerator).try_to<std::int64_t>().value_or(0));
    try {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): README.md, "Why it is like this"
        auto* const made = reinterpret_cast<NebulaGenerator*>(address);
        return std::make_shared<ForeignGenerator>(made, layers());
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("VoxelNativeGenerator cannot use the generator of " +
                                    class_of(made_by) + ": " + error.what());
    }
}

std::string VoxelNativeGenerator::describe() const {
    try {
        const Ref<Resource> made_by = checked_source();
        return "native " + class_of(made_by) + " " + words_of(made_by) + describe_layers();
    } catch (const std::invalid_argument&) {
        return "native";  // build() says what is wrong
    }
}

bool VoxelNativeGenerator::is_lost(const voxel::Generator& built) const {
    const auto* const ours = dynamic_cast<const ForeignGenerator*>(&built);
    return ours != nullptr && ours->is_withdrawn();
}

}  // namespace nebula::godot
