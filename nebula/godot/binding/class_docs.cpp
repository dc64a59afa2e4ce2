// SPDX-License-Identifier: MIT
// Descriptions given at registration, as the XML the editor's help reads.
#include "nebula/godot/binding/class_record.hpp"
#include "nebula/godot/binding/extension_name.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nebula::godot {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
                break;
        }
    }
    return out;
}

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string element(const std::string& name, std::string_view text) {
    return "<" + name + ">" + escaped(text) + "</" + name + ">\n";
}

// An enum is an int to the engine's help, which has its name in an attribute of its own.
std::string type_of(const TypedName& value) {
    if (value.is_enum()) return "int";
    if (!value.class_name.empty()) return engine_name(value.class_name);
    return value.is_any ? "Variant" : type_name(value.type);
}

std::string typed(const TypedName& value) {
    return attribute("type", type_of(value)) +
           (value.is_enum() ? attribute("enum", engine_name(value.class_name)) : "");
}

std::string result_of(bool has_result, const TypedName& result) {
    return "<return" + (has_result ? typed(result) : attribute("type", "void")) + " />\n";
}

std::string parameters(const std::vector<TypedName>& values, const std::vector<Variant>& defaults) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        out += "<param" + attribute("index", std::to_string(i)) +
               attribute("name", values[i].name) + typed(values[i]);
        if (i + defaults.size() >= values.size())
            out += attribute("default", defaults[i + defaults.size() - values.size()].str());
        out += " />\n";
    }
    return out;
}

// The help has the property instead of its accessors, and nothing of what the engine alone calls.
bool is_private(const MethodRecord& method) {
    return method.is_accessor || method.name.starts_with('_');
}

std::string methods(const ClassRecord& record) {
    std::string out;
    for (const auto& method : record.methods) {
        if (is_private(*method)) continue;
        out += "<method" + attribute("name", method->name);
        if (method->is_static()) out += attribute("qualifiers", "static");
        out += ">\n" + result_of(method->has_result, method->result) +
               parameters(method->arguments, method->default_values) +
               element("description", method->description) + "</method>\n";
    }
    for (const ClassRecord::ScriptVirtual& method : record.script_virtuals) {
        out += "<method" + attribute("name", method.name) + attribute("qualifiers", "virtual") +
               ">\n" + result_of(method.has_result, method.result) +
               parameters(method.arguments, {}) + element("description", method.description) +
               "</method>\n";
    }
    return out;
}

std::string members(const ClassRecord& record) {
    std::string out;
    for (const ClassRecord::Member& member : record.members) {
        if (member.kind != ClassRecord::Member::Kind::Property) continue;
        out += "<member" + attribute("name", member.property.name) + typed(member.property) +
               attribute("setter", member.setter) + attribute("getter", member.getter) + ">" +
               escaped(member.description) + "</member>\n";
    }
    return out;
}

std::string signals(const ClassRecord& record) {
    std::string out;
    for (const ClassRecord::SignalEntry& signal : record.signals) {
        out += "<signal" + attribute("name", signal.name) + ">\n" +
               parameters(signal.arguments, {}) + element("description", signal.description) +
               "</signal>\n";
    }
    return out;
}

std::string constants(const ClassRecord& record) {
    std::string out;
    for (const ClassRecord::Constant& constant : record.constants) {
        out += "<constant" + attribute("name", constant.name) +
               attribute("value", std::to_string(constant.value));
        if (!constant.enumeration.empty()) out += attribute("enum", constant.enumeration);
        out += ">" + escaped(constant.description) + "</constant>\n";
    }
    return out;
}

}  // namespace

std::string class_docs(const ClassRecord& record) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<class" + attribute("name", record.name) +
           attribute("inherits", record.parent_name) + ">\n" +
           element("brief_description", record.brief) + element("description", record.description) +
           "<tutorials></tutorials>\n<methods>\n" + methods(record) + "</methods>\n<members>\n" +
           members(record) + "</members>\n<signals>\n" + signals(record) +
           "</signals>\n<constants>\n" + constants(record) + "</constants>\n</class>\n";
}

std::vector<std::string> missing_texts() {
    std::vector<std::string> missing;
    for (const auto& record : registered_classes()) {
        if (record->is_internal) continue;
        const auto look = [&](const std::string& name, const std::string& text) {
            if (text.empty()) missing.push_back(record->name + name);
        };
        look("", record->brief);
        for (const auto& method : record->methods)
            if (!is_private(*method)) look("." + method->name, method->description);
        for (const auto& method : record->script_virtuals)
            look("." + method.name, method.description);
        for (const auto& member : record->members)
            if (member.kind == ClassRecord::Member::Kind::Property)
                look("." + member.property.name, member.description);
        for (const auto& signal : record->signals) look("." + signal.name, signal.description);
        for (const auto& constant : record->constants)
            look("." + constant.name, constant.description);
    }
    return missing;
}

void load_class_docs() {
    for (const auto& record : registered_classes()) {
        if (record->is_internal) continue;
        const std::string xml = with_engine_names(class_docs(*record));
        engine.editor_help_load_xml_from_utf8_chars_and_len(
            xml.data(), static_cast<GDExtensionInt>(xml.size()));
    }
}

}  // namespace nebula::godot
