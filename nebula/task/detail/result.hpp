// SPDX-License-Identifier: MIT
// The outcome of a coroutine: a value or an exception.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace nebula::task_detail {

struct Nothing {};

/// Empty until one of the setters is called, which may happen once.
///
/// Throws:    value() and take() rethrow the exception.
template <class T>
class Result {
    // A reference is kept as a pointer, void as Nothing.
    using Stored = std::conditional_t<
        std::is_void_v<T>, Nothing,
        std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

public:
    template <class... Args>
    void set_value(Args&&... args) {
        if constexpr (std::is_reference_v<T>) {
            (stored_.template emplace<1>(&args), ...);
        } else {
            stored_.template emplace<1>(std::forward<Args>(args)...);
        }
    }
    void set_error(std::exception_ptr error) noexcept {
        stored_.template emplace<2>(std::move(error));
    }

    [[nodiscard]] std::exception_ptr error() const noexcept {
        const std::exception_ptr* const error = std::get_if<2>(&stored_);
        return error != nullptr ? *error : nullptr;
    }
    /// Takes the exception out, if there is one, and is then empty.
    [[nodiscard]] std::exception_ptr take_error() noexcept {
        std::exception_ptr* const error = std::get_if<2>(&stored_);
        if (error == nullptr) return nullptr;
        std::exception_ptr taken = std::move(*error);
        reset();
        return taken;
    }
    /// Takes over the content of `other`; this one must be empty. True for an exception.
    bool move_from(Result& other) noexcept {
        if (other.stored_.index() == 1) {
            stored_.template emplace<1>(std::move(*std::get_if<1>(&other.stored_)));
        } else if (other.stored_.index() == 2) {
            stored_.template emplace<2>(std::move(*std::get_if<2>(&other.stored_)));
            return true;
        }
        return false;
    }
    void reset() noexcept { stored_.template emplace<0>(); }

    /// The value in place.
    [[nodiscard]] std::add_lvalue_reference_t<const T> value() const {
        rethrow();
        if constexpr (std::is_reference_v<T>) {
            return *std::get<1>(stored_);
        } else if constexpr (!std::is_void_v<T>) {
            return std::get<1>(stored_);
        }
    }
    /// Moves the value out.
    [[nodiscard]] T take() {
        rethrow();
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(*std::get<1>(stored_));
        } else if constexpr (!std::is_void_v<T>) {
            return std::move(std::get<1>(stored_));
        }
    }

private:
    void rethrow() const {
        if (stored_.index() == 2) [[unlikely]]
            std::rethrow_exception(*std::get_if<2>(&stored_));
    }

    std::variant<std::monostate, Stored, std::exception_ptr> stored_;
};

}  // namespace nebula::task_detail
