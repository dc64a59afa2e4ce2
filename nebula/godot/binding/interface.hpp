// SPDX-License-Identifier: MIT
// The engine's C functions, looked up by name once. Everything else in this folder calls these.
#pragma once

#include <gdextension_interface.h>

#include <source_location>

namespace nebula::godot {

// Field name = the name the engine knows it by; the header's type names do not follow from it.
// All exist since 4.5, the oldest engine we load into.
#define NEBULA_ENGINE_FUNCTIONS(X)                                                              \
    X(get_godot_version2, GDExtensionInterfaceGetGodotVersion2)                                 \
    X(print_error_with_message, GDExtensionInterfacePrintErrorWithMessage)                      \
    X(print_warning_with_message, GDExtensionInterfacePrintWarningWithMessage)                  \
    X(variant_new_copy, GDExtensionInterfaceVariantNewCopy)                                     \
    X(variant_new_nil, GDExtensionInterfaceVariantNewNil)                                       \
    X(variant_destroy, GDExtensionInterfaceVariantDestroy)                                      \
    X(variant_call, GDExtensionInterfaceVariantCall)                                            \
    X(variant_evaluate, GDExtensionInterfaceVariantEvaluate)                                    \
    X(variant_stringify, GDExtensionInterfaceVariantStringify)                                  \
    X(variant_get_type, GDExtensionInterfaceVariantGetType)                                     \
    X(variant_get_type_name, GDExtensionInterfaceVariantGetTypeName)                            \
    X(variant_get_object_instance_id, GDExtensionInterfaceVariantGetObjectInstanceId)           \
    X(variant_can_convert_strict, GDExtensionInterfaceVariantCanConvertStrict)                  \
    X(get_variant_from_type_constructor, GDExtensionInterfaceGetVariantFromTypeConstructor)     \
    X(get_variant_to_type_constructor, GDExtensionInterfaceGetVariantToTypeConstructor)         \
    X(variant_get_ptr_operator_evaluator, GDExtensionInterfaceVariantGetPtrOperatorEvaluator)   \
    X(variant_get_ptr_builtin_method, GDExtensionInterfaceVariantGetPtrBuiltinMethod)           \
    X(variant_get_ptr_utility_function, GDExtensionInterfaceVariantGetPtrUtilityFunction)       \
    X(variant_get_ptr_constructor, GDExtensionInterfaceVariantGetPtrConstructor)                \
    X(variant_get_ptr_destructor, GDExtensionInterfaceVariantGetPtrDestructor)                  \
    X(string_new_with_utf8_chars_and_len2, GDExtensionInterfaceStringNewWithUtf8CharsAndLen2)   \
    X(string_to_utf8_chars, GDExtensionInterfaceStringToUtf8Chars)                              \
    X(string_name_new_with_utf8_chars_and_len,                                                  \
      GDExtensionInterfaceStringNameNewWithUtf8CharsAndLen)                                     \
    X(packed_byte_array_operator_index, GDExtensionInterfacePackedByteArrayOperatorIndex)       \
    X(packed_int32_array_operator_index, GDExtensionInterfacePackedInt32ArrayOperatorIndex)     \
    X(packed_int64_array_operator_index, GDExtensionInterfacePackedInt64ArrayOperatorIndex)     \
    X(packed_float32_array_operator_index, GDExtensionInterfacePackedFloat32ArrayOperatorIndex) \
    X(packed_float64_array_operator_index, GDExtensionInterfacePackedFloat64ArrayOperatorIndex) \
    X(packed_string_array_operator_index, GDExtensionInterfacePackedStringArrayOperatorIndex)   \
    X(packed_vector2_array_operator_index, GDExtensionInterfacePackedVector2ArrayOperatorIndex) \
    X(packed_vector3_array_operator_index, GDExtensionInterfacePackedVector3ArrayOperatorIndex) \
    X(packed_vector4_array_operator_index, GDExtensionInterfacePackedVector4ArrayOperatorIndex) \
    X(packed_color_array_operator_index, GDExtensionInterfacePackedColorArrayOperatorIndex)     \
    X(packed_byte_array_operator_index_const,                                                   \
      GDExtensionInterfacePackedByteArrayOperatorIndexConst)                                    \
    X(packed_int32_array_operator_index_const,                                                  \
      GDExtensionInterfacePackedInt32ArrayOperatorIndexConst)                                   \
    X(packed_int64_array_operator_index_const,                                                  \
      GDExtensionInterfacePackedInt64ArrayOperatorIndexConst)                                   \
    X(packed_float32_array_operator_index_const,                                                \
      GDExtensionInterfacePackedFloat32ArrayOperatorIndexConst)                                 \
    X(packed_float64_array_operator_index_const,                                                \
      GDExtensionInterfacePackedFloat64ArrayOperatorIndexConst)                                 \
    X(packed_string_array_operator_index_const,                                                 \
      GDExtensionInterfacePackedStringArrayOperatorIndexConst)                                  \
    X(packed_vector2_array_operator_index_const,                                                \
      GDExtensionInterfacePackedVector2ArrayOperatorIndexConst)                                 \
    X(packed_vector3_array_operator_index_const,                                                \
      GDExtensionInterfacePackedVector3ArrayOperatorIndexConst)                                 \
    X(packed_vector4_array_operator_index_const,                                                \
      GDExtensionInterfacePackedVector4ArrayOperatorIndexConst)                                 \
    X(packed_color_array_operator_index_const,                                                  \
      GDExtensionInterfacePackedColorArrayOperatorIndexConst)                                   \
    X(array_operator_index, GDExtensionInterfaceArrayOperatorIndex)                             \
    X(array_operator_index_const, GDExtensionInterfaceArrayOperatorIndexConst)                  \
    X(dictionary_operator_index, GDExtensionInterfaceDictionaryOperatorIndex)                   \
    X(object_method_bind_call, GDExtensionInterfaceObjectMethodBindCall)                        \
    X(object_method_bind_ptrcall, GDExtensionInterfaceObjectMethodBindPtrcall)                  \
    X(object_destroy, GDExtensionInterfaceObjectDestroy)                                        \
    X(global_get_singleton, GDExtensionInterfaceGlobalGetSingleton)                             \
    X(object_get_instance_binding, GDExtensionInterfaceObjectGetInstanceBinding)                \
    X(object_set_instance_binding, GDExtensionInterfaceObjectSetInstanceBinding)                \
    X(object_set_instance, GDExtensionInterfaceObjectSetInstance)                               \
    X(object_cast_to, GDExtensionInterfaceObjectCastTo)                                         \
    X(object_get_instance_from_id, GDExtensionInterfaceObjectGetInstanceFromId)                 \
    X(object_get_instance_id, GDExtensionInterfaceObjectGetInstanceId)                          \
    X(object_get_class_name, GDExtensionInterfaceObjectGetClassName)                            \
    X(object_has_script_method, GDExtensionInterfaceObjectHasScriptMethod)                      \
    X(object_call_script_method, GDExtensionInterfaceObjectCallScriptMethod)                    \
    X(callable_custom_create2, GDExtensionInterfaceCallableCustomCreate2)                       \
    X(classdb_construct_object2, GDExtensionInterfaceClassdbConstructObject2)                   \
    X(classdb_get_method_bind, GDExtensionInterfaceClassdbGetMethodBind)                        \
    X(classdb_get_class_tag, GDExtensionInterfaceClassdbGetClassTag)                            \
    X(classdb_register_extension_class5, GDExtensionInterfaceClassdbRegisterExtensionClass5)    \
    X(classdb_register_extension_class_method,                                                  \
      GDExtensionInterfaceClassdbRegisterExtensionClassMethod)                                  \
    X(classdb_register_extension_class_virtual_method,                                          \
      GDExtensionInterfaceClassdbRegisterExtensionClassVirtualMethod)                           \
    X(classdb_register_extension_class_integer_constant,                                        \
      GDExtensionInterfaceClassdbRegisterExtensionClassIntegerConstant)                         \
    X(classdb_register_extension_class_property,                                                \
      GDExtensionInterfaceClassdbRegisterExtensionClassProperty)                                \
    X(classdb_register_extension_class_property_group,                                          \
      GDExtensionInterfaceClassdbRegisterExtensionClassPropertyGroup)                           \
    X(classdb_register_extension_class_property_subgroup,                                       \
      GDExtensionInterfaceClassdbRegisterExtensionClassPropertySubgroup)                        \
    X(classdb_register_extension_class_signal,                                                  \
      GDExtensionInterfaceClassdbRegisterExtensionClassSignal)                                  \
    X(classdb_unregister_extension_class, GDExtensionInterfaceClassdbUnregisterExtensionClass)  \
    X(editor_help_load_xml_from_utf8_chars_and_len,                                             \
      GDExtensionsInterfaceEditorHelpLoadXmlFromUtf8CharsAndLen)                                \
    X(editor_add_plugin, GDExtensionInterfaceEditorAddPlugin)                                   \
    X(editor_remove_plugin, GDExtensionInterfaceEditorRemovePlugin)                             \
    X(get_library_path, GDExtensionInterfaceGetLibraryPath)                                     \
    X(register_main_loop_callbacks, GDExtensionInterfaceRegisterMainLoopCallbacks)

/// The engine's functions, and what was looked up through them per builtin type.
///
/// Threads:   written once by load_interface(), before any other thread of ours exists; then read
///            by any thread.
struct Interface {
#define NEBULA_DECLARE(name, type) type name;
    NEBULA_ENGINE_FUNCTIONS(NEBULA_DECLARE)
#undef NEBULA_DECLARE

    GDExtensionClassLibraryPtr library;  ///< Us: the token of our bindings and callables.

    struct BuiltinType {
        GDExtensionPtrConstructor construct;  ///< Empty value; null for objects.
        GDExtensionPtrConstructor copy;
        GDExtensionPtrDestructor destroy;        ///< Null for plain structs.
        GDExtensionPtrOperatorEvaluator equals;  ///< Null for Nil.
        GDExtensionVariantFromTypeConstructorFunc to_variant;
        GDExtensionTypeFromVariantConstructorFunc from_variant;
    };
    BuiltinType types[GDEXTENSION_VARIANT_TYPE_VARIANT_MAX];
};

extern Interface engine;

/// Fills `engine`. When the engine is too old, or lacks a function, prints one error line that
/// says so and returns false; nothing else of the binding may be used then.
[[nodiscard]] bool load_interface(GDExtensionInterfaceGetProcAddress get_proc_address,
                                  GDExtensionClassLibraryPtr library);

}  // namespace nebula::godot
