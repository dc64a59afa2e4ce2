// SPDX-License-Identifier: MIT
// What can end a wait other than its event: a code, an exception type per code, and Outcome for the
// functions that return the code instead of throwing it.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace nebula {

enum class AsyncErrorCode : std::uint8_t {
    TaskCancelled,     ///< The awaited task was cancelled.
    EmitterFreed,      ///< The object that would have ended the wait is gone.
    NullObject,        ///< There was no object to wait for.
    RuntimeClosed,     ///< The runtime has shut down, or has not begun.
    WrongThread,       ///< Called on the wrong thread.
    NotReady,          ///< A result was requested before there was one.
    UnknownSignal,     ///< The object has no signal with that name.
    UnknownMethod,     ///< The object has no method with that name.
    CallFailed,        ///< The call failed, or returned another type than requested.
    Interrupted,       ///< The awaited operation was stopped, so it will never end.
    LoadFailed,        ///< A resource could not be loaded, or is of another class.
    Disconnected,      ///< The peer that would have answered is gone.
    ArgumentMismatch,  ///< The signal was emitted with other arguments than the wait expects.
    NotSendable,       ///< A value that is confined to its thread would have had to leave it.
    TimedOut,          ///< The time ran out first.
};

/// A short English sentence without a period.
[[nodiscard]] std::string_view describe(AsyncErrorCode code) noexcept;

/// The base of every exception of this layer.
class AsyncError : public std::runtime_error {
public:
    /// \param detail  appended to the sentence for the code; may be empty.
    explicit AsyncError(AsyncErrorCode code, std::string_view detail = {});

    [[nodiscard]] AsyncErrorCode code() const noexcept { return code_; }

private:
    AsyncErrorCode code_;
};

/// An AsyncError with the code in its type, so that it can be caught by name.
template <AsyncErrorCode kCode>
class AsyncErrorOf : public AsyncError {
public:
    explicit AsyncErrorOf(std::string_view detail = {}) : AsyncError(kCode, detail) {}
};

using TaskCancelled = AsyncErrorOf<AsyncErrorCode::TaskCancelled>;
using EmitterFreed = AsyncErrorOf<AsyncErrorCode::EmitterFreed>;
using NullObject = AsyncErrorOf<AsyncErrorCode::NullObject>;
using RuntimeClosed = AsyncErrorOf<AsyncErrorCode::RuntimeClosed>;
using WrongThread = AsyncErrorOf<AsyncErrorCode::WrongThread>;
using NotReady = AsyncErrorOf<AsyncErrorCode::NotReady>;
using UnknownSignal = AsyncErrorOf<AsyncErrorCode::UnknownSignal>;
using UnknownMethod = AsyncErrorOf<AsyncErrorCode::UnknownMethod>;
using CallFailed = AsyncErrorOf<AsyncErrorCode::CallFailed>;
using Interrupted = AsyncErrorOf<AsyncErrorCode::Interrupted>;
using LoadFailed = AsyncErrorOf<AsyncErrorCode::LoadFailed>;
using Disconnected = AsyncErrorOf<AsyncErrorCode::Disconnected>;
using ArgumentMismatch = AsyncErrorOf<AsyncErrorCode::ArgumentMismatch>;
using NotSendable = AsyncErrorOf<AsyncErrorCode::NotSendable>;
using TimedOut = AsyncErrorOf<AsyncErrorCode::TimedOut>;

/// Throws the type that belongs to the code.
[[noreturn]] void throw_async_error(AsyncErrorCode code, std::string_view detail = {});

/// The result of waits that do not throw.
template <class T>
using Outcome = tl::expected<T, AsyncErrorCode>;

}  // namespace nebula
