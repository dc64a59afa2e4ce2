// SPDX-License-Identifier: MIT
// What can end a wait besides its event: one code, one exception type per code, and Outcome for the
// forms that return the code instead of throwing it.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace nebula {

enum class AsyncErrorCode : std::uint8_t {
    TaskCancelled,     ///< The task waited for was cancelled.
    EmitterFreed,      ///< The object that would have ended the wait is gone.
    NullObject,        ///< No object was given to wait for.
    RuntimeClosed,     ///< The runtime has shut down, or refused because it had.
    WrongThread,       ///< Called on a thread that may not.
    NotReady,          ///< A result was asked for before there was one.
    UnknownSignal,     ///< The object has no signal of that name.
    UnknownMethod,     ///< The object has no method of that name.
    CallFailed,        ///< The call did not take place, or gave another type than asked for.
    Interrupted,       ///< What was waited for was stopped, so its end will never come.
    LoadFailed,        ///< A resource could not be loaded, or is of another class.
    Disconnected,      ///< The peer that would have answered is gone.
    ArgumentMismatch,  ///< The signal came with other arguments than the wait expects.
    NotSendable,       ///< A value confined to another thread was about to cross.
    TimedOut,          ///< The time ran out first.
};

/// A short English sentence without a full stop.
[[nodiscard]] std::string_view describe(AsyncErrorCode code) noexcept;

/// What every exception of this layer derives from.
class AsyncError : public std::runtime_error {
public:
    /// \param detail  appended to the code's own sentence; may be empty.
    explicit AsyncError(AsyncErrorCode code, std::string_view detail = {});

    [[nodiscard]] AsyncErrorCode code() const noexcept { return code_; }

private:
    AsyncErrorCode code_;
};

/// An AsyncError whose code is in its type, to be caught by name.
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

/// What the forms of a wait that do not throw return.
template <class T>
using Outcome = tl::expected<T, AsyncErrorCode>;

}  // namespace nebula
